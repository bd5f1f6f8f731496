/** A part of every day, or the whole of it. */
import { Checkbox, Group, TextInput } from "@mantine/core";

interface HoursOfDay {
  begin: string;
  end: string;
}

interface HoursFieldsProps {
  label: string;
  note: string;
  begin: string;
  end: string;
  hours: HoursOfDay | null;
  suggested: HoursOfDay;
  disabled?: boolean;
  onChange: (hours: HoursOfDay | null) => void;
}

export function HoursFields({ label, note, begin, end, hours, suggested, disabled = false, onChange }: HoursFieldsProps) {
  return (
    <div>
      <Checkbox label={label} description={note} disabled={disabled} checked={hours !== null} onChange={(event) => onChange(event.currentTarget.checked ? suggested : null)} />
      {hours !== null && (
        <Group gap="sm" mt="xs">
          <TextInput type="time" label={begin} disabled={disabled} value={hours.begin} onChange={(event) => { if (event.currentTarget.value !== "") onChange({ ...hours, begin: event.currentTarget.value }); }} />
          <TextInput type="time" label={end} disabled={disabled} value={hours.end} onChange={(event) => { if (event.currentTarget.value !== "") onChange({ ...hours, end: event.currentTarget.value }); }} />
        </Group>
      )}
    </div>
  );
}
