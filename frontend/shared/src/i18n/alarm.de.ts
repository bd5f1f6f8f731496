/** German for why a study is unlike those that a model learned on, by code (model/confidence/alarm.py). */
export const alarmDe: Readonly<Record<string, { sentence: string; remedy: string }>> = {
  "alarm.misfit": { sentence: "Das Bild erklärt die Impulse schlechter als bei bekannten Studien.", remedy: "Prüfen Sie Schwächungskarte, Drehrichtung, Startwinkel und Drehzentrum, bevor Sie das Bild verwenden." },
  "alarm.view_misfit": { sentence: "Einige Projektionen passen nicht zu den anderen.", remedy: "Sehen Sie sich die Projektionen als Film an: Bewegung, ein Sprung oder eine beschädigte Projektion?" },
  "alarm.blurred": { sentence: "Die Projektionen sind unschärfer, als Kollimator und Radius erwarten lassen.", remedy: "Prüfen Sie den Kollimator, den Drehradius und Bewegung." },
  "alarm.sharp": { sentence: "Die Projektionen sind schärfer, als Kollimator und Radius erwarten lassen.", remedy: "Prüfen Sie den Kollimator und den Drehradius." },
  "alarm.no_attenuation": { sentence: "Es gibt keine Schwächungskarte; jede Studie des Trainings hatte eine.", remedy: "Fügen Sie die Schwächungskarte hinzu; ohne sie ist die Aktivität im Körper zu niedrig." },
  "alarm.no_scatter": { sentence: "Es gibt keine Streuschätzung; jede Studie des Trainings hatte eine.", remedy: "Fügen Sie ein Streufenster oder eine Schätzung hinzu; ohne sie ist der Kontrast zu gering." },
  "alarm.range_counts": { sentence: "Sie hat mehr oder weniger Impulse als die Studien des Trainings.", remedy: "Nehmen Sie lieber OSEM oder ein Netz, das mit so vielen Impulsen gelernt hat." },
  "alarm.range_blur": { sentence: "Ihre Auflösung weicht von den Studien des Trainings ab.", remedy: "Nehmen Sie lieber OSEM oder ein Netz, das mit diesem Kollimator gelernt hat." },
  "alarm.range_views": { sentence: "Die Zahl der Projektionen weicht von den Studien des Trainings ab.", remedy: "Nehmen Sie lieber OSEM oder ein Netz, das mit so vielen Projektionen gelernt hat." },
  "alarm.range_body": { sentence: "Der Körper ist breiter oder schmaler als in den Studien des Trainings.", remedy: "Prüfen Sie die Schwächungskarte; nehmen Sie für einen Patienten dieser Größe lieber OSEM." },
  "alarm.range_arc": { sentence: "Der Drehwinkel der Kamera weicht von den Studien des Trainings ab.", remedy: "Nehmen Sie lieber OSEM oder ein Netz, das mit dieser Bahn gelernt hat." },
};
