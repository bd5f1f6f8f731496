/** German text about a heart's axis that a person shows. */
import type { axis as axisEn } from "@app/i18n/en.axis";

export const axis: typeof axisEn = {
  axis: {
    none: "Die Studie sagt nicht, wo das Herz liegt. Zeigen Sie seine Längsachse, dann entstehen daraus die Polarkarten.", shown: "Entlang der Achse gemacht, die hier gezeigt wurde. Eine andere kann gezeigt werden.",
    apex: "Die Spitze ist am Zeiger", apexWhere: "Die Spitze des linken Ventrikels.", base: "Die Basis ist am Zeiger", baseWhere: "Die Mitte seines offenen Endes.", at: "Bei Voxel {{voxel}}",
    make: "Polarkarten machen", again: "Noch einmal machen", move: "Bewegen Sie erst den Zeiger in den Bildern.", note: "17 Segmente (AHA) in Punkten; 100 ist das Mittel der drei höchsten. Höchste Impulse auf Strahlen von der Achse aus: Es hängt davon ab, wo die Achse gezeigt wurde.",
  },
};
