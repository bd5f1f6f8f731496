/** What every view shows besides its content: loading, empty, a problem with advice. */
import { Button, Group, Skeleton, Stack, Text, Title } from "@mantine/core";
import { IconAlertTriangle, IconRefresh, type Icon } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { toProblem } from "@shared/api/problem";
import { asSentence } from "@shared/format/format";
import { translatedProblem } from "@shared/i18n/server";

export function Loading({ label, lines = 4 }: { label: string; lines?: number }) {
  return (
    <div className="card" role="status" aria-label={label} aria-busy="true">
      <Skeleton height={22} width="35%" mb="md" />
      {Array.from({ length: lines }, (_, index) => (
        <Skeleton key={index} height={14} mb="sm" width={`${92 - index * 9}%`} />
      ))}
    </div>
  );
}

interface EmptyProps {
  icon: Icon;
  title: string;
  children: ReactNode;
  action?: ReactNode;
  plain?: boolean;
}

export function Empty({ icon: Symbol, title, children, action, plain = false }: EmptyProps) {
  return (
    <div className={plain ? undefined : "card"}>
      <Stack align="center" gap={6} py={plain ? "md" : 36} px="md">
        <Symbol size={38} stroke={1.4} color="var(--muted)" aria-hidden="true" />
        <Title order={plain ? 3 : 2} size="h4" ta="center">{title}</Title>
        <Text c="dimmed" size="sm" ta="center" maw={460}>{children}</Text>
        {action !== undefined && <div style={{ marginTop: 12 }}>{action}</div>}
      </Stack>
    </div>
  );
}

export function Problem({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t } = useTranslation("shared");
  const problem = toProblem(error);
  const { title, advice } = translatedProblem(problem.code) ?? problem;
  return (
    <div className="notice" data-tone="danger" role="alert">
      <IconAlertTriangle size={20} aria-hidden="true" />
      <div style={{ flex: 1, minWidth: 0 }}>
        <div style={{ fontWeight: 650 }}>{title}</div>
        <div style={{ fontSize: 14, lineHeight: 1.5 }}>
          {problem.detail !== "" && <div style={{ overflowWrap: "anywhere" }}>{asSentence(problem.detail)}</div>}
          {advice}
        </div>
        <Group gap="sm" mt={8}>
          {onRetry !== undefined && (
            <Button size="xs" variant="default" leftSection={<IconRefresh size={14} />} onClick={onRetry}>
              {t("problem.retry")}
            </Button>
          )}
          <span className="mono" style={{ opacity: 0.8 }}>
            {problem.code}
            {problem.request_id ? ` · ${problem.request_id}` : ""}
          </span>
        </Group>
      </div>
    </div>
  );
}

export interface LoadState<T> {
  isPending: boolean;
  isError: boolean;
  error: unknown;
  data: T | undefined;
  refetch: () => unknown;
}

interface ResourceProps<T> {
  query: LoadState<T>;
  label: string;
  children: (data: T) => ReactNode;
}

/** Loading, problem with retry, or the content. */
export function Resource<T>({ query, label, children }: ResourceProps<T>) {
  if (query.data !== undefined) return children(query.data);
  if (query.isError) return <Problem error={query.error} onRetry={() => void query.refetch()} />;
  return <Loading label={label} />;
}
