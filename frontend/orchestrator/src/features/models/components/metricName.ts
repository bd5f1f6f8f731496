/** What a model's figure is called: as its task says, else as the laboratory does; the bare key is the last resort. */
type Translate = (key: string, options?: Record<string, unknown>) => string;

export function metricName(key: string, titles: Readonly<Record<string, string>>, t: Translate): string {
  const plain = key.replace(/^score_/, "");
  if (plain === "train_loss" || plain === "loss") return t(plain === "loss" ? "modelcard.validationLoss" : "session.trainLoss");
  return titles[plain] ?? t(`lab.metric.${plain}`, { defaultValue: plain.replaceAll("_", " ") });
}
