import { asList, asRecord, asSize, asText, cleanName } from './safe-text.ts';

/** A poll as it was asked (MSC3381). */
export interface PollQuestion {
  readonly question: string;
  readonly answers: readonly { readonly id: string; readonly text: string }[];
  /** Whether votes are shown before the end. */
  readonly disclosed: boolean;
  /** How many answers one person may choose. */
  readonly most: number;
}

/** A poll with its votes. */
export interface PollState extends PollQuestion {
  /** Number of valid votes of each answer. */
  readonly votes: ReadonlyMap<string, number>;
  readonly mine: readonly string[];
  /** People who voted. */
  readonly voters: number;
  readonly ended: boolean;
  /** Whether all votes are here yet. */
  readonly loaded: boolean;
}

/** A vote as it came. */
export interface PollVote {
  readonly sender: string;
  /** Milliseconds since 1970. */
  readonly ts: number;
  readonly content: Readonly<Record<string, unknown>>;
}

const MOST_ANSWERS = 20;

const textOf = (value: unknown): string => {
  const record = asRecord(value);
  const stable = asRecord(asList(record['m.text'])[0])['body'];
  return cleanName(
    asText(record['org.matrix.msc1767.text']) ?? asText(stable) ?? asText(record['body']) ?? '',
    '',
  );
};

const isDisclosed = (kind: unknown): boolean =>
  typeof kind === 'string' && kind.endsWith('disclosed') && !kind.endsWith('undisclosed');

/** The poll of a start event's content, or undefined when it is none. */
export function parsePoll(content: Readonly<Record<string, unknown>>): PollQuestion | undefined {
  const poll = asRecord(content['org.matrix.msc3381.poll.start'] ?? content['m.poll']);
  const question = textOf(poll['question']);
  const seen = new Set<string>();
  const answers = asList(poll['answers'])
    .slice(0, MOST_ANSWERS)
    .flatMap((each) => {
      const id = asText(asRecord(each)['id']) ?? asText(asRecord(each)['m.id']);
      const text = textOf(each);
      if (id === undefined || text === '' || seen.has(id)) return [];
      seen.add(id);
      return [{ id, text }];
    });
  if (question === '' || answers.length === 0) return undefined;
  return {
    question,
    answers,
    disclosed: isDisclosed(poll['kind']),
    most: Math.max(1, Math.min(answers.length, Math.floor(asSize(poll['max_selections']) ?? 1))),
  };
}

/** Counts the votes: the last one of each person that is not spoiled (MSC3381). */
export function countVotes(
  poll: PollQuestion,
  all: readonly PollVote[],
  me: string,
  end: { ended: boolean; loaded: boolean },
): PollState {
  const known = new Set(poll.answers.map((answer) => answer.id));
  const last = new Map<string, PollVote>();
  for (const vote of all) {
    const before = last.get(vote.sender);
    if (!before || before.ts <= vote.ts) last.set(vote.sender, vote);
  }
  const votes = new Map<string, number>();
  let mine: string[] = [];
  let voters = 0;
  for (const { sender, content } of last.values()) {
    const given = asRecord(content['org.matrix.msc3381.poll.response']);
    const chosen = [
      ...new Set(
        asList(given['answers'] ?? content['m.selections']).filter(
          (id): id is string => typeof id === 'string' && known.has(id),
        ),
      ),
    ].slice(0, poll.most);
    if (chosen.length === 0) continue;
    voters++;
    for (const id of chosen) votes.set(id, (votes.get(id) ?? 0) + 1);
    if (sender === me) mine = chosen;
  }
  return { ...poll, votes, mine, voters, ...end };
}
