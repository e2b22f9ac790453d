"""What the paper forms ask, in both languages."""

from __future__ import annotations

from dataclasses import dataclass

Pair = tuple[str, str]
"""Chinese, English."""


@dataclass(frozen=True)
class Field:
    label: Pair
    lines: int = 1
    """Lines to write on; more than 1 takes the whole width."""


@dataclass(frozen=True)
class PaperForm:
    title: Pair
    about: Pair
    fields: tuple[Field, ...]
    choices: tuple[Pair, ...] = ()
    choices_label: Pair = ("", "")
    part: str = ""
    """``helps`` or ``purposes``: a list that comes from the configuration."""
    signs: tuple[Pair, ...] = (("老年人（或代办人）签名", "signature of the elder or the applicant"),)


ELDER = (
    Field(("老年人姓名", "name of the elder")),
    Field(("出生日期", "date of birth")),
    Field(("电话", "telephone")),
    Field(("住址", "address"), 2),
)
PROXY = (
    Field(("代办人姓名（如有）", "name of the applicant, if somebody else")),
    Field(("与老年人关系", "relation to the elder")),
    Field(("代办人电话", "telephone of the applicant")),
)
DESK_SIGNS = (("收表人签名", "received by"), ("收表日期、事件编号", "date and number of the case"))
SIGNS = (("老年人（或代办人）签名", "signature of the elder or the applicant"), ("日期", "date"), *DESK_SIGNS)

FORMS: dict[str, PaperForm] = {
    "request": PaperForm(
        ("服务申请表", "Request for a service"),
        (
            "请在需要的服务前打勾，写上方便的时间。交到社区、站点或拨打电话即可。",
            "Tick what you need and write when it suits you. Hand it in at the station, or telephone.",
        ),
        (
            *ELDER,
            *PROXY,
            Field(("希望的日期和时间", "day and time that suit you")),
            Field(("说明", "anything else"), 3),
        ),
        part="helps",
        signs=SIGNS,
    ),
    "change": PaperForm(
        ("变更或取消申请表", "Change or cancel"),
        ("改时间、改内容或取消已登记的服务。", "Another time, another content, or no more."),
        (
            *ELDER,
            *PROXY,
            Field(("原来登记的服务、编号", "the service and its number")),
            Field(("改成什么", "what it is to be"), 3),
        ),
        choices=(("改时间", "another time"), ("改内容", "another content"), ("取消", "cancel")),
        choices_label=("我要", "I want"),
        signs=SIGNS,
    ),
    "complaint": PaperForm(
        ("投诉与建议表", "Complaint or suggestion"),
        (
            "不满意的事情请告诉我们。投诉不会影响您的服务。可以不写姓名，但写了才能答复您。",
            "Tell us what was not right. It changes nothing about your services. Without a name we cannot answer you.",
        ),
        (
            *ELDER,
            *PROXY,
            Field(("什么时候、哪项服务、谁", "when, which service, who")),
            Field(("发生了什么", "what happened"), 6),
        ),
        choices=(
            ("不满意服务", "the service"),
            ("不满意人员", "a person"),
            ("不满意时间", "the time"),
            ("费用问题", "money"),
            ("建议", "suggestion"),
        ),
        choices_label=("关于", "about"),
        signs=SIGNS,
    ),
    "consent": PaperForm(
        ("个人信息处理同意书", "Consent to the use of personal information"),
        (
            "请把每一项念给老年人听。每一项可以单独同意或不同意，不影响紧急救助。以后可以随时打电话撤回，不需要理由。",
            "Read each line aloud. Each can be agreed to or not; it can be taken back at any time, without a reason.",
        ),
        ELDER,
        part="purposes",
        signs=(
            ("老年人（或监护人）签名", "signature of the elder or the guardian"),
            ("日期", "date"),
            ("宣读人签名", "read out by"),
            ("收表日期", "received on"),
        ),
    ),
}
