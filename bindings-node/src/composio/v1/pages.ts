// Lists with numbered pages.

/** Which page of a list. */
export interface Paging {
  /** The number of the page, from 1. Default: 1. */
  page?: number | undefined
  /** How many on a page. Default: all. */
  pageSize?: number | undefined
}

/** One page of a list. */
export interface PageV1<T> {
  /** This page, newest first. */
  readonly items: readonly T[]
  /** Its number, from 1. */
  readonly page: number
  /** How many pages there are. */
  readonly totalPages: number
}

/** @internal */
export function pageOf<T>(all: readonly T[], { page = 1, pageSize = all.length }: Paging): PageV1<T> {
  const items = all.slice((page - 1) * pageSize, page * pageSize)
  return { items, page, totalPages: Math.max(1, Math.ceil(all.length / Math.max(1, pageSize))) }
}
