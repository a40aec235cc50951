/**
 * The star for analysts: facts and dimensions in the schema `analytics`, made from the read models. Promises: the same rules as libs/performance: time
 * is cut where orders came and went, and an interval counts for one time element.
 */
import { declareDerived, type DerivedView } from '#platform/views/derived';

const PLANT = 'The plant; rows of others than yours are not shown.';
const UNTIL = 'Floor time; absent while it lasts.';

/** The moment of a local time: the first of two where clocks are set back, as for shifts (PostgreSQL takes the second). */
const momentOf = (local: string, zone: string): string =>
  `(SELECT CASE WHEN (at - back) AT TIME ZONE (${zone}) = (${local}) THEN at - back ELSE at END
      FROM (SELECT (${local}) AT TIME ZONE (${zone}) AS at, interval '1 hour' AS back) AS moment)`;

const dimPlant: DerivedView = {
  name: 'dim_plant',
  about: 'Dimension: one row for each plant.',
  reads: ['facility_element'],
  columns: {
    facility_id: PLANT,
    name: 'Its name.',
    enterprise: 'The enterprise above it.',
    time_zone: 'IANA time zone; local days and shifts follow it.',
  },
  select: `SELECT facility_id, name, enterprise_name, time_zone FROM facility_element WHERE level = 'Site'`,
};

const dimMachine: DerivedView = {
  name: 'dim_machine',
  about: 'Dimension: one row for each machine that is registered or was observed.',
  reads: ['equipment_now', 'facility_element'],
  columns: {
    equipment_id: 'The machine.',
    facility_id: PLANT,
    name: 'Name as written on its plate.',
    equipment_class: 'Its class, e.g. milling.',
    element_id: 'The element of the plant that it belongs to.',
    element: 'Name of that element.',
  },
  select: `SELECT now.equipment_id, now.facility_id, now.name, now.equipment_class, now.element_id, element.name
    FROM equipment_now now LEFT JOIN facility_element element USING (element_id)`,
};

const dimShift: DerivedView = {
  name: 'dim_shift',
  about:
    'Dimension: one row for each shift of each calendar, from its first version to tomorrow. It belongs to the local day on which it begins.',
  reads: ['shift_calendar'],
  columns: {
    shift_id: 'The calendar, the day and the shift.',
    facility_id: PLANT,
    calendar_id: 'The calendar.',
    day: 'Local day on which it begins.',
    shift: 'Its name.',
    started_at: 'Its beginning, also on days on which clocks change.',
    ended_at: 'Its end.',
    planned: 'Planned operation time: the shift without its breaks, up to now.',
    planned_seconds: 'How long that is.',
  },
  select: `
    SELECT shift_id, facility_id, calendar_id, day, shift, begins, ends, planned,
      (SELECT coalesce(sum(extract(epoch FROM upper(part) - lower(part))), 0) FROM unnest(planned) AS part)
    FROM (SELECT calendar_id || '/' || day || '/' || shift AS shift_id, facility_id, calendar_id, day, shift, begins, ends,
      (tstzmultirange(tstzrange(begins, ends)) - coalesce((
        SELECT range_agg(tstzrange(${momentOf('on_day + "startsAt"::time', 'zone')}, ${momentOf('to_day + "endsAt"::time', 'zone')}))
        FROM jsonb_to_recordset(breaks) AS pause("startsAt" text, "endsAt" text),
        LATERAL (SELECT CASE WHEN ${momentOf('day + "startsAt"::time', 'zone')} < begins THEN day + 1 ELSE day END AS on_day) at,
        LATERAL (SELECT CASE WHEN "endsAt" > "startsAt" THEN on_day ELSE on_day + 1 END AS to_day) until), '{}'))
        * tstzmultirange(tstzrange(NULL, now())) AS planned
    FROM (
      SELECT calendar.calendar_id, calendar.facility_id, day::date AS day, planned.shift, version ->> 'timeZone' AS zone, coalesce(planned.breaks, '[]') AS breaks,
        ${momentOf('day::date + planned."startsAt"::time', "version ->> 'timeZone'")} AS begins,
        ${momentOf(
          `day::date + planned."endsAt"::time + CASE WHEN planned."endsAt" <= planned."startsAt" THEN interval '1 day' ELSE interval '0' END`,
          "version ->> 'timeZone'",
        )} AS ends
      FROM shift_calendar calendar,
        LATERAL generate_series((SELECT min((v ->> 'effectiveFrom')::date) FROM jsonb_array_elements(calendar.versions) v)::timestamp,
          (now() + interval '1 day')::date::timestamp, interval '1 day') AS day,
        LATERAL (SELECT v AS version FROM jsonb_array_elements(calendar.versions) v WHERE (v ->> 'effectiveFrom')::date <= day::date
          ORDER BY v ->> 'effectiveFrom' DESC LIMIT 1) of_day,
        LATERAL jsonb_to_recordset(coalesce(calendar.exceptions -> to_char(day, 'YYYY-MM-DD') -> 'shifts', version -> 'shifts'))
          AS planned(shift text, weekdays jsonb, "startsAt" text, "endsAt" text, breaks jsonb)
      WHERE calendar.exceptions ? to_char(day, 'YYYY-MM-DD') OR planned.weekdays ? to_char(day, 'FMDay')) shifts) known`,
};

/** Intervals cut by the orders at the machine, and the time element of each piece. */
const PIECES = `
    SELECT line.interval_id, line.facility_id, line.equipment_id, line.state, lower(piece) AS begins, nullif(upper(piece), 'infinity') AS ends, ordered,
      CASE WHEN line.state = 'Unknown' THEN 'unclassified' WHEN line.state = 'Execute' THEN 'production'
        WHEN stop.loss_class IN ('PlannedMaintenance', 'Break') THEN 'plannedDown' WHEN stop.loss_class = 'SetupAndAdjustment' THEN 'setup'
        WHEN NOT ordered THEN 'down' WHEN line.state IN ('Starting', 'Resetting') THEN 'setup' ELSE 'delay' END AS element,
      line.stop_id, stop.reason_code, stop.loss_class, line.event_id, greatest(line.learned_at, stop.classified_at) AS learned
    FROM equipment_timeline line
    LEFT JOIN equipment_stop stop ON stop.key = line.equipment_id || '/' || line.stop_id
    CROSS JOIN LATERAL (SELECT tstzmultirange(tstzrange(line.started_at, coalesce(line.ended_at, 'infinity'))) AS whole) AS all_of,
    LATERAL (SELECT coalesce(range_agg(tstzrange(held.started_at, coalesce(held.ended_at, 'infinity'))), '{}') AS orders FROM equipment_assignment held
      WHERE held.equipment_id = line.equipment_id AND held.started_at < coalesce(line.ended_at, 'infinity')
        AND coalesce(held.ended_at, 'infinity') > line.started_at) AS of_orders,
    LATERAL (SELECT true AS ordered, unnest(whole * orders) AS piece UNION ALL SELECT false, unnest(whole - orders)) AS pieces`;

const factMachineTime: DerivedView = {
  name: 'fact_machine_time',
  about: 'Fact: one row for each piece of time of a machine that counts for one time element of ISO 22400-2. Pieces never overlap.',
  reads: ['equipment_timeline', 'equipment_stop', 'equipment_assignment'],
  columns: {
    piece_id: 'The interval of the time line, and the beginning of the piece.',
    facility_id: PLANT,
    equipment_id: 'The machine.',
    state: 'Its state.',
    started_at: 'Floor time.',
    ended_at: UNTIL,
    ordered: 'True if the machine had a work order.',
    element: 'production (APT), setup (AUST), delay (ADET), down (ADOT), plannedDown (PDOT) or unclassified.',
    stop_id: 'The stop that it belongs to.',
    reason_code: 'Reason of that stop; absent until it is classified.',
    loss_class: 'Loss class of that stop.',
    event_id: 'Id of the event that the state began with.',
    learned_at: 'When the system learned of it, or of its classification.',
  },
  select: `SELECT interval_id || '/' || begins, facility_id, equipment_id, state, begins, ends, ordered, element, stop_id, reason_code, loss_class, event_id,
      learned FROM (${PIECES}) piece`,
};

const factProduction: DerivedView = {
  name: 'fact_production',
  about: 'Fact: one row for each report or counter reading that counts, with the product and the ideal time of what was made.',
  reads: ['production_report', 'work_order', 'operation_schedule'],
  columns: {
    entry_id: 'The work order and the report.',
    facility_id: PLANT,
    equipment_id: 'The machine.',
    work_order_id: 'The order.',
    product: 'Its product.',
    operation_id: 'The operation.',
    started_at: 'Floor time at which the work began.',
    ended_at: 'Floor time at which it ended: the quantities count then.',
    unit: 'Unit of the quantities.',
    good: 'GQ.',
    scrap: 'SQ.',
    rework: 'RQ.',
    ideal_cycle_seconds: 'PRI: ideal run time of one unit; absent where the plan has none.',
    ideal_seconds: 'PRI × PQ: what good, scrap and rework would ideally have taken.',
    ideal_good_seconds: 'PRI × GQ.',
    person: 'Who reported it.',
    event_id: 'Id of the event.',
    recorded_at: 'When it was recorded.',
  },
  select: `SELECT report.entry_id, report.facility_id, report.equipment_id, report.work_order_id, orders.product, report.operation_id, report.started_at,
      report.ended_at, report.unit, report.good, report.scrap, report.rework, plan.ideal_cycle_seconds,
      plan.ideal_cycle_seconds * (report.good + report.scrap + report.rework), plan.ideal_cycle_seconds * report.good, report.person, report.event_id,
      report.recorded_at
    FROM production_report report LEFT JOIN work_order orders USING (work_order_id)
    LEFT JOIN operation_schedule plan ON plan.entry_id = report.work_order_id || '/' || report.operation_id
    WHERE NOT report.reversed`,
};

const factScrap: DerivedView = {
  name: 'fact_scrap',
  about: 'Fact: one row for each reason of scrap in a report that counts.',
  reads: ['production_report', 'work_order'],
  columns: {
    entry_id: 'The work order, the report and the reason.',
    facility_id: PLANT,
    equipment_id: 'The machine.',
    product: 'Product of the order.',
    operation_id: 'The operation.',
    ended_at: 'Floor time at which it counts.',
    reason_code: 'The reason.',
    quantity: 'Scrap with that reason.',
    unit: 'Unit of the quantity.',
    event_id: 'Id of the event.',
  },
  select: `SELECT report.entry_id || '/' || (part ->> 'reasonCode'), report.facility_id, report.equipment_id, orders.product, report.operation_id,
      report.ended_at, part ->> 'reasonCode', (part ->> 'quantity')::numeric, report.unit, report.event_id
    FROM production_report report CROSS JOIN LATERAL jsonb_array_elements(report.scrap_by_reason) part LEFT JOIN work_order orders USING (work_order_id)
    WHERE NOT report.reversed`,
};

const factOrder: DerivedView = {
  name: 'fact_order',
  about: 'Fact: one row for each work order, with the times of its flow.',
  reads: ['work_order'],
  columns: {
    work_order_id: 'The order.',
    facility_id: PLANT,
    product: 'Its product.',
    status: 'Its state.',
    unit: 'Unit of the quantities.',
    quantity: 'Ordered; absent for an order that was only observed.',
    good: 'Good of its last operation.',
    scrap: 'Scrap of all its operations.',
    rework: 'Rework of all its operations.',
    released_at: 'First release.',
    planned_start: 'Planned start.',
    planned_end: 'Planned end.',
    started_at: 'Start, floor time.',
    ended_at: 'End, floor time; absent while it is open.',
    lead_seconds: 'From the release to the end.',
    execution_seconds: 'AOET: from the start to the end.',
    on_time:
      'True if it ended by its planned end with its quantity, less the tolerance; absent while it is open, and where no end is planned.',
  },
  select: `SELECT work_order_id, facility_id, product, status, unit, quantity, good, scrap, rework, released_at, planned_start, planned_end, started_at, ended_at,
      extract(epoch FROM ended_at - released_at), extract(epoch FROM ended_at - started_at),
      CASE WHEN ended_at IS NOT NULL AND planned_end IS NOT NULL AND status <> 'Cancelled'
        THEN status = 'Ended' AND ended_at <= planned_end AND good >= quantity * (1 - under_percent / 100) END
    FROM work_order`,
};

const kpiLedger: DerivedView = {
  name: 'kpi_ledger',
  about:
    'Ledger: one row for each contribution to a KPI, with its event: seconds of a time element over a period, or what a report adds at its end.',
  reads: ['equipment_timeline', 'equipment_stop', 'equipment_assignment', 'production_report', 'work_order', 'operation_schedule'],
  columns: {
    entry_id: 'The contribution.',
    facility_id: PLANT,
    equipment_id: 'The machine.',
    component:
      'A time element (production, setup, delay, down, plannedDown, unclassified), or good, scrap, rework, idealGood or idealProduced.',
    started_at: 'Floor time from which it counts.',
    ended_at: 'Floor time to which it counts; absent while it lasts. A report counts at its end.',
    amount: 'Seconds of a time element up to its end or now; ideal seconds; or a quantity.',
    unit: 'Unit of the amount: s for time.',
    product: 'Product of a report.',
    work_order_id: 'Order of a report.',
    event_id: 'Id of the event behind it: audit_trail has who, when and why.',
    learned_at: 'When the system learned of it.',
  },
  select: `
    SELECT interval_id || '/' || begins, facility_id, equipment_id, element, begins, ends, extract(epoch FROM coalesce(ends, now()) - begins), 's', NULL, NULL,
      event_id, learned
    FROM (${PIECES}) piece
    UNION ALL
    SELECT report.entry_id || '/' || component, report.facility_id, report.equipment_id, component, report.ended_at, report.ended_at, amount,
      CASE WHEN component LIKE 'ideal%' THEN 's' ELSE report.unit END, orders.product, report.work_order_id, report.event_id, report.recorded_at
    FROM production_report report LEFT JOIN work_order orders USING (work_order_id)
    LEFT JOIN operation_schedule plan ON plan.entry_id = report.work_order_id || '/' || report.operation_id
    CROSS JOIN LATERAL (VALUES ('good', report.good), ('scrap', report.scrap), ('rework', report.rework),
      ('idealGood', plan.ideal_cycle_seconds * report.good),
      ('idealProduced', plan.ideal_cycle_seconds * (report.good + report.scrap + report.rework))) AS part(component, amount)
    WHERE NOT report.reversed AND amount > 0`,
};

declareDerived(dimPlant, dimMachine, dimShift, factMachineTime, factProduction, factScrap, factOrder, kpiLedger);
