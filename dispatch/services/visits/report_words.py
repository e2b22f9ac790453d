"""The words of the bureau's report on check-in visits, in both languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dispatch.services.centre import Centre

NUMBERS = ("listed", "counted", "visited", "open", "missed", "refused", "excused", "absent", "apart")
OF_AREA = ("listed", "counted", "visited", "open", "refused", "absent", "apart")
OF_GROUP = ("counted", "visited", "open", "refused")

WORDS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "title": "特殊困难老年人月探访统计表",
        "about": "依据民发〔2022〕73号，每月至少探访一次；指标19，目标值100%",
        "month": "统计月份",
        "area": "统计区域",
        "everywhere": "全部区域",
        "data_until": "数据截至",
        "state": "状态",
        "closed": "已结账，{who} 于 {at} 签名：{signature}",
        "open_month": "未结账，数字还会变化",
        "digest": "校验值（SHA-256）",
        "rate": "月探访率",
        "number": "项目",
        "count": "人数",
        "means": "定义",
        "rules": "影响数字的规则",
        "summary": "汇总",
        "by_area": "按区域",
        "by_group": "按类别",
        "group": "类别",
        "overlap": "一位老年人可以属于几个类别，各类别之和大于总数。",
        "unvisited": "未访名单",
        "apart_list": "不计入名单",
        "corrections": "更正",
        "corrections_about": "以下是本月发现的以前月份的差错；已结账月份的数字不改动。",
        "later": "结账后对本月的更正",
        "elder": "姓名（脱敏）",
        "lives": "所在区域",
        "groups": "类别",
        "why": "原因",
        "seen": "首次有效探访",
        "of_month": "所属月份",
        "kind": "差错",
        "day": "日期",
        "reason": "说明",
        "made": "登记人",
        "at": "登记时间",
        "print": "打印",
        "none": "无",
        "sign": "填报人（签名）",
        "check": "审核人（签名）",
        "seal": "单位（盖章）",
        "comma": "、",
        "n_listed": "名单人数",
        "n_counted": "应访人数",
        "n_visited": "已访人数",
        "n_open": "未访人数",
        "n_missed": "漏访",
        "n_refused": "拒访",
        "n_excused": "免访",
        "n_absent": "住院或外出",
        "n_apart": "不计入",
        "m_listed": "当月任何一天在名单里的老年人",
        "m_counted": "名单里计入探访率的老年人：名单人数减去不计入的",
        "m_visited": "计入的老年人中，当月至少有一次有效探访的",
        "m_open": "计入的老年人中，当月没有有效探访的",
        "m_missed": "有一次探访过了期限没有做成的",
        "m_refused": "本人不愿接受探访的，单独统计，不算探访",
        "m_excused": "有一次探访因故不必做，写明了原因的",
        "m_absent": "整段时间住院或外出，不计入的",
        "m_apart": "按规则不计入探访率的",
        "m_rate": "已访人数 ÷ 应访人数，只舍不入",
    },
    "en": {
        "title": "Monthly check-in visits to elders in special difficulty",
        "about": "Civil Affairs guideline 73 of 2022: at least one visit a month; indicator 19, target 100 %",
        "month": "Month",
        "area": "Area",
        "everywhere": "All areas",
        "data_until": "Data until",
        "state": "State",
        "closed": "Closed by {who} on {at}, signed: {signature}",
        "open_month": "Not closed: the numbers still change",
        "digest": "Checksum (SHA-256)",
        "rate": "Monthly visit rate",
        "number": "Number",
        "count": "Elders",
        "means": "Definition",
        "rules": "Rules that change the numbers",
        "summary": "Summary",
        "by_area": "By area",
        "by_group": "By group",
        "group": "Group",
        "overlap": "Somebody may belong to several groups, so their sum is more than all.",
        "unvisited": "Not visited",
        "apart_list": "Set apart",
        "corrections": "Corrections",
        "corrections_about": "Faults of earlier months, found in this one. The numbers of a closed month stay.",
        "later": "Corrections of this month after its close",
        "elder": "Name (masked)",
        "lives": "Area",
        "groups": "Groups",
        "why": "Why",
        "seen": "First valid visit",
        "of_month": "Month",
        "kind": "Fault",
        "day": "Day",
        "reason": "In words",
        "made": "Recorded by",
        "at": "Recorded at",
        "print": "Print",
        "none": "none",
        "sign": "Made by (signature)",
        "check": "Checked by (signature)",
        "seal": "Office (seal)",
        "comma": ", ",
        "n_listed": "Listed",
        "n_counted": "Due",
        "n_visited": "Visited",
        "n_open": "Not visited",
        "n_missed": "Missed",
        "n_refused": "Refused",
        "n_excused": "Excused",
        "n_absent": "In hospital or away",
        "n_apart": "Set apart",
        "m_listed": "Elders who were in the list on any day of the month",
        "m_counted": "Those of the list who count for the rate: listed without those set apart",
        "m_visited": "Of those due, who had at least one valid visit in the month",
        "m_open": "Of those due, who had no valid visit in the month",
        "m_missed": "Whose visit was not made before its time was over",
        "m_refused": "Who did not want a visit: reported apart, and never a visit",
        "m_excused": "One of whose visits need not be, and it says why",
        "m_absent": "In hospital or away all the time, and set apart",
        "m_apart": "By the rules not in the rate",
        "m_rate": "Visited / due, rounded down",
    },
}
RULES: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "groups": "名单：{0}",
        "class": "{0}：{1}",
        "class_apart": "{0}：{1}，不计入，单列",
        "met": "没见到本人，一律不算探访",
        "modes": "算作探访的方式：{0}",
        "count": "{0}：照样计入",
        "apart": "{0}：不计入，单列",
        "apart_if_whole": "{0}：整段时间都是才不计入，单列",
        "joined": "当月加入名单的：全部计入",
        "joined_apart": "当月最后 {0} 天加入名单的：不计入，单列",
        "forms": "{0}：不上门探访，单列",
    },
    "en": {
        "groups": "In the list: {0}",
        "class": "{0}: {1}",
        "class_apart": "{0}: {1}, set apart",
        "met": "A visit without meeting the elder never counts",
        "modes": "What counts as a visit: {0}",
        "count": "{0}: counted like everybody",
        "apart": "{0}: set apart",
        "apart_if_whole": "{0}: set apart if it lasted all the time",
        "joined": "Who joined during the month: counted",
        "joined_apart": "Who joined in the last {0} days of the month: set apart",
        "forms": "{0}: not visited at home, set apart",
    },
}
CODES: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "week": "每周一次",
        "half_month": "每月两次",
        "month": "每月一次",
        "quarter": "每季度一次",
        "home": "上门",
        "phone": "电话",
        "video": "视频",
        "remote_monitoring": "远程监测",
        "died": "去世",
        "moved": "迁出",
        "left_list": "退出名单",
        "hospital": "住院",
        "away": "外出",
        "refused": "拒访",
        "institution": "住机构",
        "not_binding": "按季探访",
        "joined_late": "月底加入",
        "visited": "探访了没有登记",
        "not_visited": "登记了没有探访",
        "not_listed": "不应在名单里",
        "listed": "应在名单里",
        "other": "其他",
    },
    "en": {
        "week": "once a week",
        "half_month": "twice a month",
        "month": "once a month",
        "quarter": "once a quarter",
        "home": "at home",
        "phone": "by telephone",
        "video": "by video",
        "remote_monitoring": "by remote monitoring",
        "died": "died",
        "moved": "moved away",
        "left_list": "left the list",
        "hospital": "in hospital",
        "away": "away",
        "refused": "refused",
        "institution": "in an institution",
        "not_binding": "quarterly class",
        "joined_late": "joined late",
        "visited": "visited, not written down",
        "not_visited": "written down, not visited",
        "not_listed": "should not be listed",
        "listed": "should be listed",
        "other": "other",
    },
}


def groups_said(centre: Centre, codes: Sequence[str], language: str) -> str:
    known = centre.care.groups.groups
    names = [known[code].names[language] if code in known else code for code in codes]
    return WORDS[language]["comma"].join(names)


def rules_said(centre: Centre, rules: Mapping[str, Any], language: str) -> Iterator[str]:
    """What changes the number, a sentence each."""
    say, code, comma = RULES[language], CODES[language], WORDS[language]["comma"]
    yield say["groups"].format(groups_said(centre, rules["groups"], language))
    for one in rules["classes"]:
        name, every = one["name"][language], code[one["every"]]
        same = one["binding"] and name == every  # the class of everybody is called by how often they are visited
        yield name if same else say["class" if one["binding"] else "class_apart"].format(name, every)
    yield say["met"]
    yield say["modes"].format(comma.join(code[mode] for mode in rules["modes"]))
    for happening, counting in rules["counting"].items():
        yield say[counting].format(code[happening])
    days = rules["joined_in_last_days"]
    yield say["joined_apart"].format(days) if days else say["joined"]
    if rules["forms_apart"]:
        forms = centre.care.groups.forms
        yield say["forms"].format(comma.join(forms[form][language] for form in rules["forms_apart"]))
