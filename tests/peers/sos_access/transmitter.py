"""PyPI's sos-access as a transmitter, one order a line in and one answer a line out. Runs in a place of its own."""

import json
import sys

from sos_access.client import SOSAccessClient
from sos_access.exceptions import SOSAccessClientException


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        first = ("127.0.0.1", order["port"])
        second = ("127.0.0.1", order["other"]) if "other" in order else None
        client = SOSAccessClient(
            transmitter_code=order.get("code", "0012345"),
            transmitter_type="SV100",
            authentication=order.get("password", "123456789012345"),
            receiver_id="SOSA",
            receiver_address=first,
            secondary_receiver_address=second,
            use_single_receiver=second is None,
        )
        try:
            found = getattr(client, order["do"])(**order.get("with", {}))
        except SOSAccessClientException as refusal:
            said = {"refused": type(refusal).__name__}
        else:
            said = {"status": found.status, "info": found.info, "new": getattr(found, "new_authentication", None)}
        print(json.dumps(said), flush=True)


main()
