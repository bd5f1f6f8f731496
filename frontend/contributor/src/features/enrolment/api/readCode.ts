/** The text of a QR code in a picture or photo; the picture stays in this browser. */
import { ProblemError } from "@shared/api/problem";

const LARGEST_SIDE = 2400;
const TRY_FOR_MS = 3000;

export async function readCode(file: Blob): Promise<string> {
  try {
    const [{ decodeQR }, picture] = await Promise.all([import("qr/decode.js"), pixels(file)]);
    return decodeQR(picture, { timeLimit: TRY_FOR_MS });
  } catch {
    throw new ProblemError({
      title: "No QR code was found in this picture.",
      status: 0,
      detail: "",
      code: "page.no_code",
      advice: "Take the whole code, straight on and sharp, with its white margin; or use the invitation file.",
      retryable: false,
      request_id: null,
    });
  }
}

/** A picture's pixels, large photos made smaller. */
async function pixels(file: Blob): Promise<ImageData> {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, LARGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [Math.max(1, Math.round(bitmap.width * scale)), Math.max(1, Math.round(bitmap.height * scale))];
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("this browser cannot draw");
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  return context.getImageData(0, 0, width, height);
}
