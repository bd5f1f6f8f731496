/** German for what the daemons name in English, by the keys that stay (model/task_spec.py, model/task_parameters.py, fl_core/strategy_spec.py, synthesis/form.py). */
export const serverDe = {
  task: { "spect-reconstruction": "SPECT-Rekonstruktion", "brain-segmentation": "Hirnsegmentierung" },
  taskNote: {
    "spect-reconstruction": "Lernen, aus den Projektionen einer Herz-SPECT-Aufnahme ein Aktivitätsbild zu berechnen.",
    "brain-segmentation": "Lernen, Gewebeklassen in 2D-Hirnschichten abzugrenzen.",
  },
  metric: {
    nrmse_body: "Fehler im Körper (NRMSE)", nrmse_heart: "Fehler im Herzen (NRMSE)", ssim_heart: "Strukturelle Ähnlichkeit im Herzen",
    psnr_body: "Rauschabstand im Körper (PSNR)", psnr_heart: "Rauschabstand im Herzen (PSNR)", defect_contrast: "Wiedergegebener Defektkontrast",
    dice: "Mittlere Überlappung aller Klassen (Dice)", jaccard: "Mittlere Überlappung aller Klassen (Jaccard)", dice_1: "Überlappung der Klasse 1 (Dice)", dice_2: "Überlappung der Klasse 2 (Dice)", dice_3: "Überlappung der Klasse 3 (Dice)",
  },
  strategy: { fedavg: "FedAvg", fedavgm: "FedAvg mit Schwung", fedprox: "FedProx" },
  strategyNote: {
    fedavg: "Mittelt die Modelle der Standorte, gewichtet nach der Zahl ihrer Studien.",
    fedavgm: "FedAvg, und jede Runde geht auch in der Richtung der vorigen weiter; für viele kurze Runden.",
    fedprox: "FedAvg, wobei die Standorte nahe am gemeinsamen Modell gehalten werden.",
  },
  parameter: {
    server_momentum: "Schwung des gemeinsamen Modells", proximal_mu: "Proximaler Term mu", local_epochs: "Durchgänge durch die eigenen Daten je Runde", learning_rate: "Lernrate zu Beginn", weight_decay: "Gewichtsabnahme (weight decay)",
    grad_clip: "Größte Gradientennorm eines Schritts", batch_size: "Studien je Schritt", holdout_fraction: "Anteil der Patienten, der zur Prüfung zurückgehalten wird", seed: "Startwert aller Zufallsentscheidungen",
    charbonnier_weight: "Gewicht des Charbonnier-Terms", heart_weight: "Zusätzliches Gewicht des Herzens", region_weight: "Gewicht der Segmentmittelwerte", contrast_weight: "Gewicht des Defektkontrasts",
    augment: "Impulse zufällig ausdünnen", augment_least: "Kleinster verbleibender Anteil der Impulse", augment_every: "Durchgänge zwischen zwei ausgedünnten Kopien", other_infarcts: "Anteil der Kopien mit anderen Infarkten", bfloat16: "Halbe Genauigkeit in den CNNs", without_reference: "Studien ohne Referenzbild",
    infarct_share: "Anteil der Patienten mit Infarkt", infarcts_most: "Höchstzahl der Infarkte eines Patienten", severity_low: "Schwächster Infarkt", severity_high: "Schwerster Infarkt",
    counts_low: "Wenigste Impulse, Millionen", counts_high: "Meiste Impulse, Millionen", collimator: "Kollimator", arc: "Drehwinkel der Kamera, Grad", views: "Projektionen", matrix: "Voxel in der Breite", slices: "Schichten", voxel_mm: "Kantenlänge eines Voxels, mm",
    share: "Anteil der Patienten", number: "Höchstzahl je Patient", diameter_low: "Kleinster Durchmesser, mm", diameter_high: "Größter Durchmesser, mm", contrast_low: "Geringste Anreicherung", contrast_high: "Höchste Anreicherung",
    dice_weight: "Gewicht des Dice-Terms", cross_entropy_weight: "Gewicht der Kreuzentropie",
  },
  parameterNote: {
    server_momentum: "0 ist FedAvg. Worin alle Standorte übereinstimmen, geht bis zu 1 / (1 - Schwung) mal so weit. In Runden von 10 bis 20 Schritten senkten 0,5 bis 0,75 den Fehler um 4 bis 9 %; 0,8 ging in Runden von 20 Schritten zu weit, und in Runden von 40 Schritten brachte 0,5 nichts.",
    proximal_mu: "0 ist FedAvg. Je weiter ein Standort in einer Runde geht, desto mehr wird er zurückgehalten: 0,1 verkürzte Änderungen um 30 bis 60 %, 1 um 65 bis 85 %, um den Preis langsameren Lernens; in Runden mit wenigen Schritten bewirkt es fast nichts.", learning_rate: "Wird nach einigen Schritten erreicht.", batch_size: "Jede wird für sich rekonstruiert.",
    severity_low: "Verlust der Anreicherung; 1 ist ein vollständiger Verlust.", counts_low: "Im Photopeak.", contrast_low: "Als Vielfaches der Anreicherung des Organs; unter 1 ist die Läsion kalt.",
    charbonnier_weight: "Kommt zum quadratischen Fehler hinzu.",
    heart_weight: "Der quadratische Fehler in der Herzregion zählt so viel mehr; so werden Defekte nicht aufgefüllt.",
    region_weight: "Quadratischer Fehler des Mittelwerts jedes Herzsegments und Defekts, soweit bekannt; so werden Defekte nicht aufgefüllt.",
    contrast_weight: "Relativer Fehler des Kontrasts zwischen Defekten und gesunder Wand, soweit bekannt; schwache Defekte zählen voll.",
    augment: "Jeder Schritt sieht eine binomial ausgedünnte Kopie der Projektionen, wie von einer kürzeren Aufnahme.",
    augment_least: "Der Anteil wird auf logarithmischer Skala gleichmäßig zwischen hier und 1 gezogen.",
    augment_every: "Eine Kopie braucht einen neuen klassischen Startwert, etwa so teuer wie ein Schritt; daher dient jede mehreren Durchgängen.",
    other_infarcts: "Das Herz eines Phantoms bekommt andere Infarkte, im Bild und in den Impulsen; sonst lernt ein Netz die jedes Patienten auswendig.",
    without_reference: "Auslassen, oder aus höchstens der Hälfte ihrer Impulse das OSEM-Bild aller lernen.",
    bfloat16: "Physik und Gewichte bleiben in einfacher Genauigkeit; auf dafür gebauten Prozessoren etwa doppelt so schnell.",
  },
};
