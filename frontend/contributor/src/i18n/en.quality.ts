/** English text about the quality of studies. */
export const quality = {
  quality: {
    title: "Quality control", loading: "Loading the quality control", note_one: "{{count}} check, {{at}}.", note_other: "{{count}} checks, {{at}}.", notChecked: "Data of this kind are not checked.", nothing: "No fault was found", nothingNote_one: "{{count}} check was made: {{checks}}.", nothingNote_other: "{{count}} checks were made: {{checks}}.",
    check: { views: "views", arc: "arc", orbit: "orbit", windows: "energy windows", counts: "counts", "each view": "each view", pixels: "pixels", truncation: "field of view", map: "attenuation map", motion: "motion", "place of the map": "place of the map", reference: "reference", words: "words that name somebody", items: "further items of the file" },
    mayNot: "Because of an error this study may not train. You can still look at it.", lookFirst: "The study may train. Look at the warnings first; withdraw it if they matter.", fine: "The study may train.",
    level: { none: "No fault found", information: "Worth knowing", warning: "Look first", error: "May not train" },
    range: "From {{low}} to {{high}}.", dashed: "Dashed: expected.",
    caption: { steps: "Angle between neighbouring views, in degrees.", radii: "Radius of every view, in mm.", reach: "Radius of every view and, dashed, how far the body reaches, in mm.", per_view: "Counts of every view.", view: "The view with the marked places.", summed: "All views added up; marked places are orange.", columns: "Counts of each column, from one side of the picture to the other.", map: "Attenuation map, one slice.", rows_mm: "Shift of every view along the axis, in mm.", bins_mm: "Shift of every view across, in mm.", fit: "Misfit against the shift of the map." },
  },
};
