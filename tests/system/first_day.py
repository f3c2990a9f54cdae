"""first_day.py - ten workbooks as ten parks would hand them in, each a form of its own.

    first_day.py FOLDER    writes park0.xlsx … park9.xlsx, and `wanted`: park, value added and investment of each

The forms differ in what offices differ in: one row an indicator or one a park, merged and stacked headers, titles, measures in a
column, a heading or a title, months in the title or the sheet's name, numbers as doubles print them.
"""
import sys
import zipfile

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'


def cell(row, column, value):
    place = f"{chr(64 + column)}{row}"
    if isinstance(value, (int, float)):
        return f'<c r="{place}"><v>{value!r}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'


def workbook(path, sheet, rows, merged=()):
    body = "".join(f'<row r="{r}">' + "".join(cell(r, c, v) for c, v in enumerate(row, 1) if v is not None) + "</row>"
                   for r, row in enumerate(rows, 1))
    merges = "".join(f'<mergeCell ref="{m}"/>' for m in merged)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType="application/'
        'vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="a" Type="{OFFICE}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="{sheet}" sheetId="1" r:id="s"/>'
        "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="s" '
        f'Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{body}</sheetData>'
        + (f'<mergeCells count="{len(merged)}">{merges}</mergeCells>' if merged else "") + "</worksheet>",
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        for name, text in parts.items():
            z.writestr(name, HEAD + text)


def by_indicator(name, added, invested):
    return "表一", [
        ["产业集聚区统计月报表"], [f"填报单位：{name}", None, None, "报告期：2026年10月"],
        ["指标名称", "计量单位", "规模以上", None, "增减(%)"], [None, None, "本月止累计", "上年同期累计", None],
        ["一、规上工业增加值", "亿元", added, added - 1, 8.1], ["二、固定资产投资", "万元", invested * 10000, 300000, 10.7],
        ["　其中：工业投资", "万元", invested * 4000, "…", "-"], ["单位负责人：", None, None, "填表人："]
    ], ["A1:E1", "C3:D3", "A3:A4", "B3:B4", "E3:E4"]


def by_park(name, added, invested):
    return "汇总", [
        ["2026年10月产业集聚区主要经济指标"], ["单位：亿元、%"], ["序号", "园区", "规上工业增加值", None, "固定资产投资", None],
        [None, None, "累计", "增速(%)", "累计", "同比增长(%)"], [1, name, added, 8.1, invested, 10.5],
        ["注：数据来源于园区管委会"]
    ], ["A1:F1", "A3:A4", "B3:B4", "C3:D3", "E3:F3"]


def line_by_line(name, added, invested):
    return "Sheet1", [["单位", "指标", "年", "月", "数值", "计量单位"], [name, "规上工业增加值", 2026, 10, added, "亿元"],
                      [name, "固定资产投资", 2026, 10, invested, "亿元"]], []


def by_month(name, added, invested):
    return "Sheet1", [[f"{name}主要指标"], ["指标", "2026年9月", "2026年10月"], ["规上工业增加值(亿元)", added - 1, added],
                      ["固定资产投资(亿元)", invested - 2, invested]], ["A1:C1"]


def month_in_the_sheet(name, added, invested):
    return "2026年10月", [["园区", "规上工业增加值(亿元)", "固定资产投资(亿元)"], [name, added, invested]], []


FORMS = [by_indicator, by_park, line_by_line, by_month, month_in_the_sheet]
PARKS = "甲乙丙丁戊己庚辛壬癸"

folder = sys.argv[1]
with open(f"{folder}/wanted", "w", encoding="utf-8") as wanted:
    for k, letter in enumerate(PARKS):
        # 4.0999999999999996 is what 4.1 is called in a workbook.
        added, invested = 4.0999999999999996 + k, 20.5 + 2 * k
        sheet, rows, merged = FORMS[k % len(FORMS)](f"{letter}园产业集聚区", added, invested)
        workbook(f"{folder}/park{k}.xlsx", sheet, rows, merged)
        wanted.write(f"p{k} {round(added * 10) * 10**7} {round(invested * 10) * 10**7}\n")
