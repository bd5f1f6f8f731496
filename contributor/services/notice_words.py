"""The sentences of e-mails to the hospital in German; English ones are the activity's own."""

from collections.abc import Mapping

GERMAN: Mapping[str, str] = {
    "request.received": "{orchestrator} bittet um Teilnahme an „{title}“.",
    "request.further": "{orchestrator} bittet um insgesamt {rounds} Runden für „{title}“.",
    "request.recalled": "{orchestrator} hat die Anfrage „{title}“ zurückgenommen.",
    "rule.could_not_agree": "Dauerregel „{name}“ konnte „{title}“ nicht zustimmen; die Anfrage wartet auf Sie.",
    "update.held": "Runde {round}: Die Aktualisierung ist fertig und wartet auf Ihre Antwort, bevor sie hinausgeht.",
    "request.reminder": "Erinnerung: „{title}“ wartet auf Ihre Antwort.",
    "session.running": "Sitzung „{title}“ läuft.",
    "session.paused": "Sitzung „{title}“ ist angehalten.",
    "session.completed": "Sitzung „{title}“ ist abgeschlossen.",
    "session.stopped": "Sitzung „{title}“ wurde beendet.",
    "session.aborted": "Sitzung „{title}“ wurde vor dem Start aufgegeben.",
    "session.failed": "Sitzung „{title}“ ist fehlgeschlagen.",
    "round.failed": "Runde {round} endete hier ohne Ergebnis (Code {code}).",
    "model.final": "Das endgültige Modell „{name}“ ist bereit.",
    "certificate.renewed": "Das Zertifikat dieses Standorts wurde erneuert; es gilt bis {day}.",
    "certificate.expires": "Das Zertifikat dieses Standorts endet am {day}. Es hätte sich von selbst erneuern sollen: Lassen Sie das Programm laufen und verbunden.",
    "connection.suspended": "Die Trainingsleitung hat diesen Standort vorübergehend ausgesetzt; bis dahin läuft nichts.",
    "connection.revoked": "Das Zertifikat dieses Standorts wurde widerrufen; es läuft nichts mehr.",
    "connection.refused": "Die Trainingsleitung hat diesen Beitritt abgelehnt.",
    "connection.protocol_mismatch": "Die beiden Seiten sprechen verschiedene Versionen.",
    "connection.unreachable": "Das Labor antwortet seit {at} nicht; es wird von selbst weiter versucht.",
    "connection.back": "Das Labor antwortet wieder.",
    "import.done": "Ein Import ist fertig. Hinzugefügte Studien: {added}, nicht übernommene Dateien: {refused}.",
    "import.failed": "Ein Import ist fehlgeschlagen. Hinzugefügte Studien: {added}, nicht übernommene Dateien: {refused}.",
    "storage.low": "Der Platz für Daten an diesem Standort wird knapp.",
    "storage.full": "An diesem Standort ist kein Platz für weitere Daten; Importe hören auf.",
}
