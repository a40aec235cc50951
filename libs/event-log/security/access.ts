// Hides: who may do what: default lists of streams, `$settings`, and the rights of the groups $admins and $ops.
// Promises: the same defaults as EventStoreDB 24: users' streams are open to every user, system streams to admins, nothing to callers
// without credentials.
// Does not: know passwords (users.ts) or read streams; the caller provides the lists.

/** An action on a stream; ACLs decide whether it is allowed. */
export type StreamUse = 'read' | 'write' | 'delete' | 'read-metadata' | 'write-metadata';

/** The caller; undefined without credentials. */
export type Principal = Readonly<{ name: string; groups: readonly string[] }> | undefined;

export type StreamAction = 'read' | 'write' | 'delete' | 'metadataRead' | 'metadataWrite';

/** Who may do what with a stream: names of users or groups, `$all` for everyone; undefined if the list does not name the action. */
export type Acl = Readonly<Partial<Record<StreamAction, readonly string[]>>>;

/** Default lists that an administrator wrote to the stream `$settings`. */
export type DefaultAcls = Readonly<{ user?: Acl; system?: Acl }>;

const everyone = '$all';
const openToAll: Acl = { read: [everyone], write: [everyone], delete: [everyone], metadataRead: [everyone], metadataWrite: [everyone] };
const admins = ['$admins'];
const adminsOnly: Acl = { read: admins, write: admins, delete: admins, metadataRead: admins, metadataWrite: admins };

const keys: Readonly<Record<string, StreamAction>> = { $r: 'read', $w: 'write', $d: 'delete', $mr: 'metadataRead', $mw: 'metadataWrite' };

const names = (value: unknown): readonly string[] | undefined => {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) && value.every((name) => typeof name === 'string') ? value : undefined;
};

/** Reads `$acl` of a stream's metadata, or one of the lists of `$settings`. */
export const parseAcl = (value: unknown): Acl | undefined => {
  if (typeof value !== 'object' || value === null) return undefined;
  const found = Object.entries(value).flatMap(([key, list]) => {
    const action = keys[key];
    const roles = names(list);
    return action && roles ? [[action, roles] as const] : [];
  });
  return Object.fromEntries(found);
};

/** Reads the content of the stream `$settings`. */
export const parseDefaultAcls = (value: unknown): DefaultAcls => {
  if (typeof value !== 'object' || value === null) return {};
  const { $userStreamAcl, $systemStreamAcl } = value as Record<string, unknown>;
  return { user: parseAcl($userStreamAcl), system: parseAcl($systemStreamAcl) };
};

const has = (principal: NonNullable<Principal>, role: string): boolean => principal.name === role || principal.groups.includes(role);

export const isAdmin = (principal: Principal): boolean => !!principal && (has(principal, 'admin') || has(principal, '$admins'));
export const isOperator = (principal: Principal): boolean =>
  isAdmin(principal) || (!!principal && (has(principal, 'ops') || has(principal, '$ops')));

/** The stream whose list decides, and the action on it: `$$x` holds the metadata of `x`. */
export const subjectOf = (stream: string, action: 'read' | 'write' | 'delete'): { stream: string; action: StreamAction | undefined } => {
  const name = stream === '' ? '$all' : stream;
  if (!name.startsWith('$$')) return { stream: name, action };
  return { stream: name.slice(2), action: action === 'read' ? 'metadataRead' : action === 'write' ? 'metadataWrite' : undefined };
};

/** Whether the principal may perform the action on the stream, given the list of `subjectOf(stream)` and the default lists. */
export const mayUseStream = (
  principal: Principal,
  stream: string,
  action: 'read' | 'write' | 'delete',
  own: Acl | undefined,
  defaults: DefaultAcls,
): boolean => {
  if (!principal) return false;
  const subject = subjectOf(stream, action);
  if (subject.stream === '$all' && (subject.action === 'write' || subject.action === 'delete')) return false;
  if (!subject.action) return false;
  if (isAdmin(principal)) return true;
  const system = subject.stream.startsWith('$');
  const roles =
    own?.[subject.action] ??
    (system ? defaults.system : defaults.user)?.[subject.action] ??
    (system ? adminsOnly : openToAll)[subject.action]!;
  return roles.some((role) => role === everyone || has(principal, role));
};
