/** Imports: begun, handed files in parts, watched, ended, gone on with. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { answered, body, snapshot, upload } from "@shared/api/client";
import { keyed, useCreate } from "@shared/api/once";
import { put } from "@shared/realtime/resources";
import { partOf, useKeepAnswer, useLiveList, useRemoval } from "@shared/realtime/useLiveList";

import { api } from "@app/api/client";
import { receivedSchema, type Import } from "@app/api/schemas.intake";

const KEY = ["imports"];
const PART_FILES = 64;
const PART_BYTES = 48_000_000;
const at = (id: string) => ({ params: { path: { import_id: id } } });

export const useImports = () => useLiveList(KEY, (cursor) => snapshot(api.GET("/api/v1/imports", { params: { query: partOf(cursor) } })));

const useKeep = () => useKeepAnswer(KEY, put((found: Import) => found.id));

export function useImportFolder() {
  const keep = useKeep();
  return useCreate((path: string, key) => answered(api.POST("/api/v1/imports/folder", { body: { path }, headers: keyed(key) })).then(keep));
}

/** A file with its place below what was chosen or dropped, so that what belongs together stays together. */
function placeOf(file: File): string {
  const dropped: unknown = Reflect.get(file, "path");
  const path = file.webkitRelativePath || (typeof dropped === "string" ? dropped : "") || file.name;
  return path.replace(/^(\.?\/)+/, "");
}

/** Files cut into requests that are neither many nor large. */
function partsOf(files: readonly File[]): File[][] {
  const parts: File[][] = [];
  let size = Infinity;
  for (const file of files) {
    const last = parts.at(-1);
    if (last === undefined || last.length >= PART_FILES || size + file.size > PART_BYTES) {
      parts.push([file]);
      size = file.size;
    } else {
      last.push(file);
      size += file.size;
    }
  }
  return parts;
}

export interface HandedOver {
  done: number;
  of: number;
}

/** Hands files over to the program on this computer, part by part, then lets it read them. */
export function useHandOver() {
  const keep = useKeep();
  const [progress, setProgress] = useState<HandedOver | null>(null);
  const mutation = useMutation({
    mutationFn: async (files: readonly File[]) => {
      setProgress({ done: 0, of: files.length });
      const opened = await body(api.POST("/api/v1/imports"));
      try {
        let done = 0;
        for (const part of partsOf(files)) {
          const form = new FormData();
          for (const file of part) form.append("files", file, placeOf(file));
          await upload(`/api/v1/imports/${encodeURIComponent(opened.id)}/files`, form, receivedSchema);
          done += part.length;
          setProgress({ done, of: files.length });
        }
        return keep(await answered(api.POST("/api/v1/imports/{import_id}/begin", at(opened.id))));
      } catch (error) {
        await answered(api.POST("/api/v1/imports/{import_id}/cancel", at(opened.id))).then(keep).catch(() => undefined);
        throw error;
      }
    },
    onSettled: () => setProgress(null),
  });
  return { ...mutation, progress };
}

export function useCancelImport() {
  const keep = useKeep();
  return useMutation({ mutationFn: (id: string) => answered(api.POST("/api/v1/imports/{import_id}/cancel", at(id))).then(keep) });
}

export function useResumeImport() {
  const keep = useKeep();
  return useMutation({ mutationFn: (id: string) => answered(api.POST("/api/v1/imports/{import_id}/resume", at(id))).then(keep) });
}

export const useForgetImport = () => useRemoval<Import>(KEY, (id) => body(api.DELETE("/api/v1/imports/{import_id}", at(id))));

/** What was not taken, with the reasons; read again whenever the number of such files changes. */
export const useNotTaken = (one: Import, shown: boolean) =>
  useQuery({
    queryKey: ["import-files", one.id, one.refused, one.duplicate],
    queryFn: async () => {
      const query = { state: ["refused", "duplicate"], limit: 200 };
      return body(api.GET("/api/v1/imports/{import_id}/files", { params: { path: { import_id: one.id }, query } }));
    },
    enabled: shown,
    placeholderData: (before) => before,
  });
