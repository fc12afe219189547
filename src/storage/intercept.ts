/**
 * Standing before a store or a part of one: some members are replaced, all others go straight through, those that are
 * added to the contract later too.
 *
 * @module
 */

type Call = (...args: never[]) => unknown;

/**
 * `target`, each of whose members is what `replace` makes of it.
 *
 * @param replace Given a member and its name; a method is bound to `target`, and asked for once. Returns the member
 * itself where it stays.
 */
export function intercept<T extends object>(target: T, replace: (name: string, member: unknown) => unknown): T {
  const calls = new Map<PropertyKey, unknown>();
  return new Proxy(target, {
    get: (target, name) => {
      const known = calls.get(name);
      if (known !== undefined) return known;
      const member: unknown = Reflect.get(target, name, target);
      if (typeof name === "symbol") return member;
      if (typeof member !== "function") return replace(name, member);
      const call = replace(name, (member as Call).bind(target));
      calls.set(name, call);
      return call;
    },
  });
}

/** `target` with the members that `overrides` has. */
export function override<T extends object>(target: T, overrides: Partial<T>): T {
  return intercept(target, (name, member) => {
    if (!(name in overrides)) return member;
    const own: unknown = Reflect.get(overrides, name, overrides);
    return typeof own === "function" ? own.bind(overrides) : own;
  });
}
