/** Patients as pseudonyms, and the comparison of a list with the studies here. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { body } from "@shared/api/client";

import { api } from "@app/api/client";
import type { Patient } from "@app/api/schemas.intake";

/** Counts of studies follow the list of studies: `stamp` changes with it; the same one may come again with other patients behind it. */
export const usePatients = (stamp: string) =>
  useQuery({
    queryKey: ["patients", stamp],
    queryFn: async () => (await body(api.GET("/api/v1/patients"))).items,
    placeholderData: (before) => before,
    staleTime: 0,
  });

function usePatientChange(run: (patient: string) => Promise<Patient>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: run,
    onSuccess: () => Promise.all(["patients", "studies", "system", "study-details"].map((key) => queries.invalidateQueries({ queryKey: [key] }))),
  });
}

const at = (patient: string) => ({ params: { path: { patient } } });
export const useWithdrawPatient = () => usePatientChange((patient) => body(api.POST("/api/v1/patients/{patient}/withdraw", at(patient))));
export const useRestorePatient = () => usePatientChange((patient) => body(api.POST("/api/v1/patients/{patient}/restore", at(patient))));

export const useReconcile = () => useMutation({ mutationFn: (text: string) => body(api.POST("/api/v1/patients/reconcile", { body: { text } })) });
