/** Of a FileButton's input: it forgets what was chosen, so that the same file or folder can be chosen again. */
import type { MouseEvent } from "react";

export const chooseAgain = { onClick: (event: MouseEvent<HTMLInputElement>) => { event.currentTarget.value = ""; } };
