import * as z from 'zod';

/** One key of a settings file, as people want to know it. */
export interface Setting {
  /** Dots lead into mappings; `NAME` stands for a key of the user's own. */
  readonly path: string;
  /** "a whole number, 0 to 65535" */
  readonly kind: string;
  /** Undefined where nothing stands in for the user. */
  readonly fallback?: unknown;
  readonly description: string;
  readonly secret: boolean;
}

/** Every key that a schema takes, in its order; without those that only exist to be refused. */
export function listSettings(schema: z.ZodType): readonly Setting[] {
  return listProperties(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Property, '');
}

/** What is used here of JSON Schema, and of what our schemas add to it. */
interface Property {
  readonly type?: string | readonly string[];
  readonly anyOf?: readonly Property[];
  readonly const?: string;
  readonly enum?: readonly string[];
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: unknown;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Property>>;
  readonly additionalProperties?: Property | false;
  readonly secret?: boolean;
  readonly hidden?: boolean;
}

function listProperties({ properties = {} }: Property, prefix: string): Setting[] {
  return Object.entries(properties).flatMap(([key, property]) => {
    const path = prefix + key;
    if (property.hidden) return [];
    if (property.properties) return listProperties(property, `${path}.`);
    const each = property.additionalProperties;
    if (each && each.properties) return listProperties(each, `${path}.NAME.`);
    return [
      {
        path: each ? `${path}.NAME` : path,
        kind: describeKind(each ? each : property),
        ...(property.default === undefined || each ? {} : { fallback: property.default }),
        description: property.description ?? '',
        secret: property.secret === true,
      },
    ];
  });
}

function describeKind(property: Property): string {
  if (property.const !== undefined) return `always ${property.const}`;
  if (property.enum) return property.enum.join(', ');
  if (property.anyOf) return property.anyOf.map(describeKind).join(' or ');
  if (property.format === 'uri') return 'a URL';
  const kinds = [property.type ?? []].flat().map((type) => kindNames[type] ?? type);
  return kinds.join(' or ') + describeRange(property);
}

const kindNames: Readonly<Record<string, string>> = {
  integer: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
};

function describeRange({ minimum = -Infinity, maximum = Infinity }: Property): string {
  // What zod gives every whole number is no limit that anybody meets.
  const isHigh = maximum < Number.MAX_SAFE_INTEGER;
  const isLow = minimum > Number.MIN_SAFE_INTEGER;
  if (isLow && isHigh) return `, ${minimum} to ${maximum}`;
  return isLow ? `, ${minimum} or more` : isHigh ? `, at most ${maximum}` : '';
}
