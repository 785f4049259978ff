// Keeps what a person reads where it is while rows come and go above and below, and knows what is on screen.
const kNearBottom = 60;
const kNearTop = 500;

export class MessageScroll {
  #box;
  #rows;
  #following = true;  // at the bottom: new messages pull the view along

  constructor(box, rows, { onNearTop, onMoved }) {
    this.#box = box;
    this.#rows = rows;
    box.addEventListener('scroll', () => {
      this.#following = this.#belowBox() < kNearBottom;
      if (box.scrollTop < kNearTop) onNearTop();
      onMoved();
    }, { passive: true });
    // The keyboard of a phone, a growing composer, a turned screen.
    new ResizeObserver(() => this.#following && this.toBottom()).observe(box);
  }

  get following() {
    return this.#following;
  }

  // Runs change(), which alters the rows, and puts the view back to where it was.
  keep(change) {
    const anchor = this.#following ? null : this.#firstVisible();
    const before = anchor?.getBoundingClientRect().top;
    change();
    if (this.#following) this.toBottom();
    else if (anchor?.isConnected) this.#box.scrollTop += anchor.getBoundingClientRect().top - before;
  }

  toBottom() {
    this.#following = true;
    this.#box.scrollTop = this.#box.scrollHeight;
  }

  to(element) {
    this.#box.scrollTop += element.getBoundingClientRect().top - this.#box.getBoundingClientRect().top - 72;
    this.#following = this.#belowBox() < kNearBottom;
  }

  get nearTop() {
    return this.#box.scrollTop < kNearTop;
  }

  // The seq of the last message that is on screen, 0 where there is none.
  lastVisibleSeq() {
    const bottom = this.#box.getBoundingClientRect().bottom + 4;
    for (let row = this.#rows.lastElementChild; row; row = row.previousElementSibling) {
      if (row.dataset.seq && row.getBoundingClientRect().bottom <= bottom) return Number(row.dataset.seq);
    }
    return 0;
  }

  #belowBox() {
    return this.#box.scrollHeight - this.#box.clientHeight - this.#box.scrollTop;
  }

  #firstVisible() {
    const top = this.#box.getBoundingClientRect().top;
    let low = 0;
    let high = this.#rows.children.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#rows.children[middle].getBoundingClientRect().bottom < top) low = middle + 1;
      else high = middle;
    }
    return this.#rows.children[low] ?? null;
  }
}
