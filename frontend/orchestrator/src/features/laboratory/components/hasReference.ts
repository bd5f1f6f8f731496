/** Whether the images of a data set can be compared with the truth. */
import type { DataSet } from "@app/api/laboratorySchemas";

export const hasReference = (set: DataSet) => Object.keys(set.facts?.references ?? {}).length > 0;
