"""Short messages by Tencent Cloud (腾讯云短信), with its own SDK: it sends the templates that it has approved."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.sms.v20210111.models import SendSmsRequest
from tencentcloud.sms.v20210111.sms_client import SmsClient

from dispatch.domain.errors import Permanent, Retryable
from dispatch.domain.messages import Outgoing
from dispatch.domain.sms import Gateway, template_for

SECONDS = 5
REGION = "ap-guangzhou"
CHINA = "+86"
HOPELESS = frozenset(
    {
        "FailedOperation.ContainSensitiveWord",
        "FailedOperation.MissingTemplateToModify",
        "FailedOperation.PhoneNumberInBlacklist",
        "FailedOperation.SignatureIncorrectOrUnapproved",
        "FailedOperation.TemplateIncorrectOrUnapproved",
        "FailedOperation.TemplateParamSetNotMatchApprovedTemplate",
        "FailedOperation.TemplateUnapprovedOrNotExist",
        "InvalidParameterValue.ContentLengthLimit",
        "InvalidParameterValue.IncorrectPhoneNumber",
        "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter",
        "InvalidParameterValue.TemplateParameterFormatError",
        "InvalidParameterValue.TemplateParameterLengthLimit",
    }
)
"""It will not take this text to this number, ever. Limits, an empty account and a wrong key pass, and it waits."""


class TencentSms:
    """Implements ``SmsGateway``. Receipts and texts are brought to us; they know a text by its SerialNo."""

    def __init__(self, gateway: Gateway, secret: str) -> None:
        self._gateway = gateway
        where = urlsplit(gateway.address)
        http = HttpProfile(protocol=where.scheme, endpoint=where.netloc, reqTimeout=SECONDS)
        profile = ClientProfile(httpProfile=http)
        self._client: Any = SmsClient(Credential(gateway.user, secret), gateway.region or REGION, profile)

    def send(self, message: Outgoing) -> str:
        template = template_for(self._gateway, message.template)
        request = SendSmsRequest()
        request.SmsSdkAppId = self._gateway.app
        request.SignName = self._gateway.sender
        request.TemplateId = template.id
        request.TemplateParamSet = list(template.fill(message.values).values())
        request.PhoneNumberSet = [CHINA + message.phone]
        request.SessionContext = message.reference
        try:
            answer = self._client.SendSms(request)
        except TencentCloudSDKException as error:
            raise _refused(str(error.get_code() or "no answer")) from error
        (status,) = answer.SendStatusSet
        if status.Code != "Ok" or not status.SerialNo:
            raise _refused(str(status.Code))
        return str(status.SerialNo)

    def listen(self) -> None:
        """It calls us."""


def _refused(code: str) -> Permanent | Retryable:
    said = f"Tencent Cloud answers {code}"
    return Permanent(said) if code in HOPELESS else Retryable(said)
