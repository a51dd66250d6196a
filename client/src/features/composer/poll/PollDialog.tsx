import { Button } from '@vector-im/compound-web';
import DeleteIcon from '@vector-im/compound-design-tokens/assets/web/icons/delete';
import PlusIcon from '@vector-im/compound-design-tokens/assets/web/icons/plus';
import { CheckField, Dialog, IconAction, RadioCards, TextField, useText } from '@qiao/ui-kit';
import { useState, type ReactNode } from 'react';
import { EVENT } from '../../../matrix/names.ts';
import { pollContent, type Content } from '../../../matrix/sender-content.ts';

/** MSC3381: at most 20 answers; 2 make a question. */
const MOST_ANSWERS = 20;
const LEAST_ANSWERS = 2;
const LONGEST = 340;

interface Answer {
  readonly id: string;
  readonly text: string;
}

const blank = (): Answer => ({ id: crypto.randomUUID(), text: '' });

/** Asks everybody in the conversation. */
export default function PollDialog(props: {
  onSend: (type: string, content: Content) => void;
  onClose: () => void;
}): ReactNode {
  const { t } = useText('composer');
  const [question, setQuestion] = useState('');
  const [answers, setAnswers] = useState<readonly Answer[]>(() => [blank(), blank()]);
  const [kind, setKind] = useState<'disclosed' | 'undisclosed'>('disclosed');
  const [several, setSeveral] = useState(false);
  const [tried, setTried] = useState(false);
  const filled = answers.map(({ id, text }) => ({ id, text: text.trim() })).filter(({ text }) => text !== '');
  const send = (): void => {
    setTried(true);
    if (question.trim() === '' || filled.length < LEAST_ANSWERS) return;
    props.onSend(
      EVENT.pollStart,
      pollContent({
        question: question.trim(),
        answers: filled,
        disclosed: kind === 'disclosed',
        choices: several ? filled.length : 1,
      }),
    );
    props.onClose();
  };
  return (
    <Dialog
      title={t('poll.title')}
      onClose={props.onClose}
      footer={
        <>
          <Button kind="secondary" size="md" onClick={props.onClose}>
            {t('cancel')}
          </Button>
          <Button kind="primary" size="md" onClick={send}>
            {t('poll.send')}
          </Button>
        </>
      }
    >
      <div className="c-new-poll">
        <TextField
          label={t('poll.question')}
          value={question}
          maxLength={LONGEST}
          onChange={setQuestion}
          {...(tried && question.trim() === '' ? { error: t('poll.question_missing') } : {})}
        />
        {answers.map((answer, index) => (
          <div key={answer.id} className="c-new-poll__answer">
            <TextField
              label={t('poll.answer', { number: index + 1 })}
              value={answer.text}
              maxLength={LONGEST}
              onChange={(text) => {
                setAnswers(answers.map((other) => (other.id === answer.id ? { ...other, text } : other)));
              }}
              {...(tried &&
              index < LEAST_ANSWERS &&
              answer.text.trim() === '' &&
              filled.length < LEAST_ANSWERS
                ? { error: t('poll.answer_missing') }
                : {})}
            />
            {answers.length > LEAST_ANSWERS && (
              <IconAction
                label={t('poll.remove', { number: index + 1 })}
                Icon={DeleteIcon}
                onClick={() => {
                  setAnswers(answers.filter((other) => other.id !== answer.id));
                }}
              />
            )}
          </div>
        ))}
        {answers.length < MOST_ANSWERS && (
          <Button
            kind="tertiary"
            size="md"
            Icon={PlusIcon}
            onClick={() => {
              setAnswers([...answers, blank()]);
            }}
          >
            {t('poll.add')}
          </Button>
        )}
        <RadioCards
          label={t('poll.results')}
          value={kind}
          onChange={(value) => {
            setKind(value === 'undisclosed' ? 'undisclosed' : 'disclosed');
          }}
          options={[
            { value: 'disclosed', label: t('poll.disclosed'), help: t('poll.disclosed_help') },
            { value: 'undisclosed', label: t('poll.undisclosed'), help: t('poll.undisclosed_help') },
          ]}
        />
        <CheckField label={t('poll.several')} checked={several} onChange={setSeveral} />
      </div>
    </Dialog>
  );
}
