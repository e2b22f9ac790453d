"""Short messages by Alibaba Cloud (阿里云短信服务), with its own SDK: it sends the templates that it has approved."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from alibabacloud_dysmsapi20170525.client import Client
from alibabacloud_dysmsapi20170525.models import SendSmsRequest
from alibabacloud_tea_openapi.models import Config
from darabonba.runtime import RuntimeOptions
from Tea.exceptions import RetryError, TeaException

from dispatch.domain.errors import Permanent, Retryable
from dispatch.domain.messages import Outgoing
from dispatch.domain.sms import Gateway, template_for

MILLISECONDS = 5_000
REGION = "cn-hangzhou"
HOPELESS = frozenset(
    {
        "isv.MOBILE_NUMBER_ILLEGAL",
        "isv.MOBILE_COUNT_OVER_LIMIT",
        "isv.SMS_TEMPLATE_ILLEGAL",
        "isv.SMS_SIGNATURE_ILLEGAL",
        "isv.TEMPLATE_MISSING_PARAMETERS",
        "isv.TEMPLATE_PARAMS_ILLEGAL",
        "isv.INVALID_PARAMETERS",
        "isv.INVALID_JSON_PARAM",
        "isv.PARAM_LENGTH_LIMIT",
        "isv.PARAM_NOT_SUPPORT_URL",
        "isv.BLACK_KEY_CONTROL_LIMIT",
        "isv.SMS_SIGNATURE_SCENE_ILLEGAL",
    }
)
"""It will not take this text to this number, ever. Too many for this number (isv.BUSINESS_LIMIT_CONTROL), an empty
account or a wrong key are mended by time or by a person, and until then it waits.
"""


class AliyunSms:
    """Implements ``SmsGateway``. Receipts and texts are brought to us; they know a text by its BizId."""

    def __init__(self, gateway: Gateway, secret: str) -> None:
        self._gateway = gateway
        where = urlsplit(gateway.address)
        self._client: Any = Client(
            Config(
                access_key_id=gateway.user,
                access_key_secret=secret,
                endpoint=where.netloc,
                protocol=where.scheme.upper(),
                region_id=gateway.region or REGION,
                connect_timeout=MILLISECONDS,
                read_timeout=MILLISECONDS,
            )
        )

    def send(self, message: Outgoing) -> str:
        template = template_for(self._gateway, message.template)
        request = SendSmsRequest(
            phone_numbers=message.phone,
            sign_name=self._gateway.sender,
            template_code=template.id,
            template_param=json.dumps(template.fill(message.values), ensure_ascii=False),
            out_id=message.reference,
        )
        try:
            body = self._client.send_sms_with_options(request, RuntimeOptions(autoretry=False)).body
        except (TeaException, RetryError, OSError, ValueError) as error:
            raise _refused(str(getattr(error, "code", "") or type(error).__name__)) from error
        if body is None or body.code != "OK" or not body.biz_id:
            raise _refused(str(body.code) if body is not None else "no answer")
        return str(body.biz_id)

    def listen(self) -> None:
        """It calls us."""


def _refused(code: str) -> Permanent | Retryable:
    said = f"Alibaba Cloud answers {code}"
    return Permanent(said) if code in HOPELESS else Retryable(said)
