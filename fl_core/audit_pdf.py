"""The audit log as a printed document: whose it is, whether its chain holds, and every row with its hash."""

import json
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from fl_core.views import AuditCheck, AuditRowView

if TYPE_CHECKING:
    from fpdf import FPDF

Language = Literal["en", "de"]
MARGIN_MM, HEAD_PT, TEXT_PT, SMALL_PT = 15.0, 16.0, 9.0, 7.5
LONGEST_DETAILS = 600
ROW_MM = 30.0
"""A row begins on a new page where less than this is left; a longer one goes on there."""
_PLAIN = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "…": "...", "→": "->"})
_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "FLoMIR audit log",
        "made": "Written on {at} UTC.",
        "whole": "The chain of {rows} rows is complete and unchanged. Hash of the newest row:",
        "broken": "The chain does not fit at row {row} of {rows}. Keep this file and tell the administrator.",
        "filtered": "An excerpt, chosen by: {filters}.",
        "exact": "Each row holds the hash of the row before it. The JSON export holds the exact text and can be checked with"
        " 'flomir audit verify'; letters that this document cannot show are printed as '?'.",
        "none": "No row was chosen.",
        "page": "Page {page}",
    },
    "de": {
        "title": "FLoMIR-Protokoll",
        "made": "Geschrieben am {at} UTC.",
        "whole": "Die Kette aus {rows} Zeilen ist vollständig und unverändert. Prüfsumme der neuesten Zeile:",
        "broken": "Die Kette passt an Zeile {row} von {rows} nicht. Bewahren Sie diese Datei auf und benachrichtigen Sie"
        " die Administration.",
        "filtered": "Ein Auszug, gewählt nach: {filters}.",
        "exact": "Jede Zeile enthält die Prüfsumme der vorigen. Der JSON-Export enthält den genauen Text und lässt sich mit"
        " 'flomir audit verify' prüfen; Zeichen, die dieses Dokument nicht darstellen kann, erscheinen als '?'.",
        "none": "Keine Zeile wurde gewählt.",
        "page": "Seite {page}",
    },
}


@dataclass(frozen=True, kw_only=True)
class Cover:
    """What the head of the document says."""

    owner: str
    language: Language
    check: AuditCheck
    filtered: dict[str, str]


def as_pdf(rows: Iterable[AuditRowView], cover: Cover, *, now: datetime | None = None) -> bytes:
    """Return the document, a few lines a row."""
    from fpdf import FPDF

    words = _WORDS[cover.language]

    class Document(FPDF):
        """Pages with a number at the foot."""

        def footer(self) -> None:
            """Write the number."""
            self.set_y(-MARGIN_MM)
            self.set_font("helvetica", size=SMALL_PT)
            self.set_text_color(90)
            self.cell(0, 8, words["page"].format(page=self.page_no()), align="R")

    made = (now or datetime.now(UTC)).astimezone(UTC)
    pdf = Document(format="A4")
    pdf.set_title(words["title"])
    pdf.set_creation_date(made)
    pdf.set_margin(MARGIN_MM)
    pdf.set_auto_page_break(auto=True, margin=MARGIN_MM + 4)
    pdf.add_page()
    _write_head(pdf, cover, words, made)
    none = True
    for row in rows:
        none = False
        _write_row(pdf, row)
    if none:
        _write(pdf, words["none"], TEXT_PT)
    return bytes(pdf.output())


def _write_head(pdf: "FPDF", cover: Cover, words: dict[str, str], made: datetime) -> None:
    check = cover.check
    _write(pdf, words["title"], HEAD_PT, bold=True)
    pdf.ln(1)
    _write(pdf, cover.owner, TEXT_PT + 2, bold=True)
    _write(pdf, words["made"].format(at=f"{made:%Y-%m-%d %H:%M}"), TEXT_PT)
    if check.ok:
        _write(pdf, words["whole"].format(rows=check.rows), TEXT_PT)
        _write(pdf, check.head, SMALL_PT, mono=True)
    else:
        _write(pdf, words["broken"].format(row=check.broken_at, rows=check.rows), TEXT_PT, bold=True)
    if cover.filtered:
        chosen = ", ".join(f"{name} {value}" for name, value in cover.filtered.items())
        _write(pdf, words["filtered"].format(filters=chosen), TEXT_PT)
    _write(pdf, words["exact"], SMALL_PT, grey=90)
    pdf.ln(3)


def _write_row(pdf: "FPDF", row: AuditRowView) -> None:
    if pdf.will_page_break(ROW_MM):
        pdf.add_page()
    pdf.set_draw_color(210)
    pdf.line(MARGIN_MM, pdf.get_y(), pdf.w - MARGIN_MM, pdf.get_y())
    pdf.ln(1)
    _write(
        pdf, f"{row.seq}   {row.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}   {row.actor}   {row.action}", TEXT_PT, bold=True
    )
    _write(pdf, _about(row), SMALL_PT, grey=70)
    _write(pdf, row.hash, SMALL_PT, mono=True, grey=70)
    pdf.ln(1)


def _write(pdf: "FPDF", text: str, size: float, *, bold: bool = False, mono: bool = False, grey: int = 20) -> None:
    pdf.set_font("courier" if mono else "helvetica", "B" if bold else "", size)
    pdf.set_text_color(grey)
    pdf.multi_cell(0, size * 0.5, printable(text), new_x="LMARGIN", new_y="NEXT", align="L")


def printable(text: str) -> str:
    """Return text as the standard fonts of a PDF can show it (Latin 1); what they lack is a question mark."""
    composed = unicodedata.normalize("NFC", text.translate(_PLAIN))
    return (
        "".join(letter if letter >= " " else " " for letter in composed).encode("latin-1", "replace").decode("latin-1")
    )


def _about(row: AuditRowView) -> str:
    details = json.dumps(row.details, ensure_ascii=False) if row.details else ""
    return "   ".join(part for part in (row.subject, _short(details)) if part) or "-"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_DETAILS else f"{text[:LONGEST_DETAILS]}..."
