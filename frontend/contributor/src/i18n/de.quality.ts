/** German text about the quality of studies. */
export const quality = {
  quality: {
    title: "Qualitätskontrolle", loading: "Qualitätskontrolle wird geladen", note_one: "{{count}} Prüfung, {{at}}.", note_other: "{{count}} Prüfungen, {{at}}.", notChecked: "Daten dieser Art werden nicht geprüft.", nothing: "Kein Fehler gefunden", nothingNote_one: "{{count}} Prüfung wurde gemacht: {{checks}}.", nothingNote_other: "{{count}} Prüfungen wurden gemacht: {{checks}}.",
    check: { views: "Projektionen", arc: "Winkelbereich", orbit: "Bahn", windows: "Energiefenster", counts: "Impulse", "each view": "jede Projektion", pixels: "Bildpunkte", truncation: "Gesichtsfeld", map: "Schwächungskarte", motion: "Bewegung", "place of the map": "Lage der Karte", reference: "Referenz", words: "Wörter, die jemanden nennen", items: "weitere Einträge der Datei" },
    mayNot: "Wegen eines Fehlers darf diese Studie nicht trainieren. Ansehen können Sie sie weiterhin.", lookFirst: "Die Studie darf trainieren. Sehen Sie zuerst die Warnungen an; sind sie wichtig, ziehen Sie die Studie zurück.", fine: "Die Studie darf trainieren.",
    level: { none: "Kein Fehler gefunden", information: "Gut zu wissen", warning: "Erst ansehen", error: "Darf nicht trainieren" },
    range: "Von {{low}} bis {{high}}.", dashed: "Gestrichelt: erwartet.",
    caption: { steps: "Winkel zwischen benachbarten Projektionen, in Grad.", radii: "Radius jeder Projektion, in mm.", reach: "Radius jeder Projektion und, gestrichelt, wie weit der Körper reicht, in mm.", per_view: "Impulse jeder Projektion.", view: "Die Projektion mit den markierten Stellen.", summed: "Summe aller Projektionen; markierte Stellen sind orange.", columns: "Impulse jeder Spalte, von einer Seite des Bildes zur anderen.", map: "Schwächungskarte, eine Schicht.", rows_mm: "Verschiebung jeder Projektion längs der Achse, in mm.", bins_mm: "Verschiebung jeder Projektion quer, in mm.", fit: "Abweichung über der Verschiebung der Karte." },
  },
};
