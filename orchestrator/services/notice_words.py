"""The sentences of e-mails to the laboratory in German; English ones are the activity's own."""

from collections.abc import Mapping

GERMAN: Mapping[str, str] = {
    "enrolment.requested": "{name} möchte beitreten. Vergleichen Sie den Fingerabdruck.",
    "consent.agree": "{name} hat eingewilligt, für „{title}“ zu trainieren (Studien: {count}).",
    "consent.decline": "{name} hat „{title}“ abgelehnt.",
    "consent.withdrawn": "{name} hat die Einwilligung zu „{title}“ widerrufen.",
    "site.left": "{name} hat den Verbund verlassen.",
    "session.run_started": "„{title}“ trainiert.",
    "session.run_completed": "„{title}“ ist abgeschlossen.",
    "session.paused": "„{title}“ ist nach Runde {round} pausiert.",
    "session.run_failed": "„{title}“ ist fehlgeschlagen (Code {code}).",
    "session.run_lost": "„{title}“ ging verloren und wird nach der letzten Runde fortgesetzt.",
    "data.added": "Neue verwendbare Studien von {name}: {count}.",
    "certificate.expires": "Das Zertifikat von {name} endet am {day}.",
}
