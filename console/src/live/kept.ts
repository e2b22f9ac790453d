/** What was read stays readable: going back to a case shows it at once, and a lost line does not empty it. */
export class Kept<T> {
  private readonly found = new Map<string, T>()
  constructor(private readonly most = 40) {}

  get(id: string): T | undefined {
    return this.found.get(id)
  }

  put(id: string, one: T): void {
    this.found.delete(id)
    this.found.set(id, one)
    const oldest = this.found.keys().next().value
    if (this.found.size > this.most && oldest) this.found.delete(oldest)
  }
}
