"""Two clouds on this machine: they read a request as their documents say, refuse a wrong signature, and answer.

Nobody has shown that the real ones do the same; what is documented is here.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

KEY, SECRET = "key-id", "a-secret"


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), "sha256").digest()


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes

    def authorization(self) -> tuple[str, dict[str, str]]:
        scheme, _, rest = self.headers["authorization"].partition(" ")
        return scheme, dict(part.strip().split("=", 1) for part in rest.split(","))  # type: ignore[misc]


def signed_by_acs3(asked: Asked) -> bool:
    """Alibaba Cloud, ACS3-HMAC-SHA256."""
    scheme, given = asked.authorization()
    names = given["SignedHeaders"].split(";")
    query = "&".join(f"{quote(k, safe='~')}={quote(v, safe='~')}" for k, v in sorted(asked.query.items()))
    headers = "".join(f"{name}:{asked.headers[name].strip()}\n" for name in names)
    canonical = "\n".join((asked.method, asked.path, query, headers, given["SignedHeaders"], _sha(asked.body)))
    signature = _mac(SECRET.encode(), f"{scheme}\n{_sha(canonical.encode())}").hex()
    return (scheme, given["Credential"], given["Signature"]) == ("ACS3-HMAC-SHA256", KEY, signature)


def signed_by_tc3(asked: Asked) -> bool:
    """Tencent Cloud, TC3-HMAC-SHA256."""
    scheme, given = asked.authorization()
    headers = "".join(f"{name}:{asked.headers[name].strip().lower()}\n" for name in given["SignedHeaders"].split(";"))
    canonical = "\n".join((asked.method, "/", "", headers, given["SignedHeaders"], _sha(asked.body)))
    stamp = asked.headers["x-tc-timestamp"]
    day = datetime.fromtimestamp(int(stamp), UTC).strftime("%Y-%m-%d")
    scope = f"{day}/sms/tc3_request"
    key = _mac(_mac(_mac(f"TC3{SECRET}".encode(), day), "sms"), "tc3_request")
    signature = _mac(key, f"{scheme}\n{stamp}\n{scope}\n{_sha(canonical.encode())}").hex()
    return (scheme, given["Credential"], given["Signature"]) == ("TC3-HMAC-SHA256", f"{KEY}/{scope}", signature)


@dataclass
class Cloud:
    """``kind``: aliyun or tencent. ``says``: the code of its next answers; empty: yes."""

    kind: str
    says: str = ""
    got: list[dict[str, Any]] = field(default_factory=list)

    def start(self) -> str:
        cloud = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                where = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, answer = cloud.answer(
                    Asked("POST", where.path, dict(parse_qsl(where.query, True)), headers, body)
                )
                content = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Quietly."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def answer(self, asked: Asked) -> tuple[int, dict[str, Any]]:
        return self._aliyun(asked) if self.kind == "aliyun" else self._tencent(asked)

    def _aliyun(self, asked: Asked) -> tuple[int, dict[str, Any]]:
        if not signed_by_acs3(asked):
            return 400, {"Code": "SignatureDoesNotMatch", "Message": "signature", "RequestId": "r"}
        if self.says:
            return 200, {"Code": self.says, "Message": "no", "RequestId": "r"}
        asks = {"action": asked.headers["x-acs-action"], **asked.query}
        self.got.append({**asks, "TemplateParam": json.loads(asks["TemplateParam"])})
        return 200, {"Code": "OK", "Message": "OK", "BizId": f"biz-{len(self.got)}", "RequestId": "r"}

    def _tencent(self, asked: Asked) -> tuple[int, dict[str, Any]]:
        if not signed_by_tc3(asked):
            wrong = {"Code": "AuthFailure.SignatureFailure", "Message": "signature"}
            return 200, {"Response": {"Error": wrong, "RequestId": "r"}}
        status = {"Code": self.says or "Ok", "SerialNo": "" if self.says else f"no-{len(self.got) + 1}"}
        if not self.says:
            self.got.append({"action": asked.headers["x-tc-action"], **json.loads(asked.body)})
        return 200, {"Response": {"SendStatusSet": [{**status, "Fee": 1}], "RequestId": "r"}}
