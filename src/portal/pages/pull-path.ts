/** Where a pull request has its page. */
export function pullPath({ owner, repository, number }: { owner: string; repository: string; number: number }): string {
  return `/pulls/${encodeURIComponent(owner)}/${encodeURIComponent(repository)}/${number}`;
}

export function previewPath(pull: Parameters<typeof pullPath>[0]): string {
  return `${pullPath(pull)}/preview`;
}
