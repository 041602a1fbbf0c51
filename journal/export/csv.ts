import type { Seat } from '../../wire/types.ts';
import { csvLine } from './csv-line.ts';
import type { Exporter } from './exporter.ts';
import { turnColumns, turnRows, type TurnColumn } from './turn-rows.ts';

const columns = Object.keys(turnColumns) as TurnColumn[];

/** A line for each turn below a line of names. */
export function createCsvExporter(seat: Seat | undefined): Exporter {
  let head = csvLine(columns);
  return {
    add: (meeting) => {
      const rows = turnRows(meeting, seat);
      const lines = rows.map((row) => csvLine(columns.map((column) => row[column])));
      const data = head + lines.join('');
      head = '';
      return { data, records: rows.length };
    },
    end: () => head,
  };
}
