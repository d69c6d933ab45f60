import type { Call, Reply } from "./router.ts";

export type Page = { page: number; perPage: number };

export function pageOf(call: Call, options: { defaultPerPage?: number; maxPerPage?: number } = {}): Page {
  const number = (name: string, fallback: number) => {
    const value = Number.parseInt(call.query.get(name) ?? "", 10);
    return Number.isFinite(value) && value > 0 ? value : fallback;
  };
  const perPage = Math.min(number("per_page", options.defaultPerPage ?? 30), options.maxPerPage ?? 100);
  return { page: number("page", 1), perPage };
}

/** One page of a list with its `Link` header; `wrap` puts it in an envelope such as `{total_count, check_runs}`. */
export async function paginated<T>(
  call: Call & { repository?: { id: number } },
  items: T[],
  shape: (item: T) => unknown,
  wrap: (shaped: unknown[], total: number) => unknown = (shaped) => shaped,
): Promise<Reply> {
  const page = pageOf(call);
  const slice = items.slice((page.page - 1) * page.perPage, page.page * page.perPage);
  const shaped = await Promise.all(slice.map(shape));
  return { status: 200, body: wrap(shaped, items.length), headers: linkHeader(call, page, items.length) };
}

/** https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api: links name repositories by id. */
export function linkHeader(
  call: Call & { repository?: { id: number } },
  { page, perPage }: Page,
  total: number,
): Record<string, string> {
  const last = Math.max(1, Math.ceil(total / perPage));
  if (last === 1 && page === 1) return {};
  const rest = call.path.split("/").slice(call.path.startsWith("/repos/") ? 4 : 3);
  const path = call.repository ? `/repositories/${[call.repository.id, ...rest].join("/")}` : call.path;
  const link = (number: number, rel: string) => {
    const query = new URLSearchParams(call.query);
    query.set("page", String(number));
    return `<${call.site.url}${path}?${query}>; rel="${rel}"`;
  };
  const links = [
    ...(page > 1 ? [link(page - 1, "prev")] : []),
    ...(page < last ? [link(page + 1, "next"), link(last, "last")] : []),
    ...(page > 1 ? [link(1, "first")] : []),
  ];
  return { link: links.join(", ") };
}
