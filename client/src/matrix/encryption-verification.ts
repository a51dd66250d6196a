import { ViewModel } from '@qiao/ui-kit';
import {
  VerificationPhase,
  VerificationRequestEvent,
  VerifierEvent,
  type ShowSasCallbacks,
  type VerificationRequest,
  type Verifier,
} from 'matrix-js-sdk/lib/crypto-api';

/** Verification methods of the client-server API. */
const METHOD = {
  sas: 'm.sas.v1',
  show: 'm.qr_code.show.v1',
  scan: 'm.qr_code.scan.v1',
  reciprocate: 'm.reciprocate.v1',
} as const;

/** Why a verification ended without a result. */
export type VerificationEnd =
  /** Here, or declined by the other side. */
  | 'stopped'
  | 'timeout'
  /** The emoji or the code were not the same. */
  | 'mismatch'
  /** Another of the own devices took it. */
  | 'elsewhere'
  | 'failed';

/** Where two devices stand in comparing their keys. */
export type VerificationStep =
  /** The other side asks; nothing was answered yet. */
  | { readonly at: 'asked' }
  /** The other side was asked. */
  | { readonly at: 'waiting' }
  /** Both are there: a QR code to be shown, or scanned, or emoji. */
  | {
      readonly at: 'choose';
      readonly qr: Uint8ClampedArray | undefined;
      readonly scan: boolean;
      readonly emoji: boolean;
    }
  | { readonly at: 'working' }
  /** Seven emoji (or three numbers) that have to be the same on both. */
  | { readonly at: 'compare'; readonly emoji: readonly string[]; readonly numbers: readonly number[] }
  /** The other device has scanned the code shown here. */
  | { readonly at: 'scanned' }
  /** This side has confirmed. */
  | { readonly at: 'confirmed' }
  | { readonly at: 'done' }
  | { readonly at: 'ended'; readonly why: VerificationEnd };

export interface VerificationSnapshot {
  readonly step: VerificationStep;
  /** The person's own other device, or another person. */
  readonly own: boolean;
  readonly userId: string;
  readonly deviceId: string | undefined;
  readonly byMe: boolean;
}

const ENDS: Readonly<Record<string, VerificationEnd>> = {
  'm.user': 'stopped',
  'm.timeout': 'timeout',
  'm.accepted': 'elsewhere',
  'm.mismatched_sas': 'mismatch',
  'm.key_mismatch': 'mismatch',
  'm.mismatched_commitment': 'mismatch',
  'm.user_mismatch': 'mismatch',
  'm.qr_code.invalid': 'mismatch',
};

/** One verification, from asking to the end; lives as long as the request. */
export class VerificationModel extends ViewModel<VerificationSnapshot> {
  readonly #request: VerificationRequest;
  readonly #onEnd: () => void;
  #verifier: Verifier | undefined;
  #sas: ShowSasCallbacks | undefined;
  #preparing = false;
  #chosen = false;
  #confirmed = false;
  #answered: boolean;

  /** @param onEnd called once, when it is done or ended */
  constructor(request: VerificationRequest, onEnd: () => void) {
    super({
      step: { at: request.initiatedByMe ? 'waiting' : 'asked' },
      own: request.isSelfVerification,
      userId: request.otherUserId,
      deviceId: request.otherDeviceId,
      byMe: request.initiatedByMe,
    });
    this.#request = request;
    this.#onEnd = onEnd;
    this.#answered = request.initiatedByMe;
    request.on(VerificationRequestEvent.Change, this.#update);
    this.#update();
  }

  /** Whether this request is meant. */
  is(request: VerificationRequest): boolean {
    return request === this.#request || request.transactionId === this.#request.transactionId;
  }

  /** Whether this side has accepted or asked. */
  get answered(): boolean {
    return this.#answered;
  }

  get over(): boolean {
    const { at } = this.snapshot.step;
    return at === 'done' || at === 'ended';
  }

  readonly accept = async (): Promise<void> => {
    this.#answered = true;
    this.#go({ at: 'working' });
    await this.#try(() => this.#request.accept());
  };

  /** Goes on with emoji. */
  readonly useEmoji = async (): Promise<void> => {
    this.#chosen = true;
    this.#go({ at: 'working' });
    await this.#try(async () => {
      this.#follow(await this.#request.startVerification(METHOD.sas));
    });
  };

  /** Bytes of a QR code that the camera saw. @returns false when it is no code of this verification */
  readonly scanned = async (bytes: Uint8ClampedArray): Promise<boolean> => {
    try {
      this.#follow(await this.#request.scanQRCode(bytes));
      this.#chosen = true;
      return true;
    } catch {
      return false;
    }
  };

  /** What both sides show is the same. */
  readonly same = async (): Promise<void> => {
    this.#confirmed = true;
    const { at } = this.snapshot.step;
    this.#go({ at: 'confirmed' });
    if (at === 'scanned') this.#verifier?.getReciprocateQrCodeCallbacks()?.confirm();
    else await this.#try(() => this.#sas?.confirm() ?? Promise.resolve());
  };

  readonly different = (): void => {
    const { at } = this.snapshot.step;
    if (at === 'scanned') this.#verifier?.getReciprocateQrCodeCallbacks()?.cancel();
    else this.#sas?.mismatch();
    this.#end('mismatch');
  };

  /** Stops, or declines. */
  readonly cancel = async (): Promise<void> => {
    if (this.over) return;
    const stopping = this.#request.cancel();
    this.#end('stopped');
    await stopping.catch(() => undefined);
  };

  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch {
      this.#end('failed');
      await this.#request.cancel().catch(() => undefined);
    }
  }

  readonly #update = (): void => {
    if (this.over) return;
    const request = this.#request;
    if (this.snapshot.deviceId !== request.otherDeviceId) this.set({ deviceId: request.otherDeviceId });
    switch (request.phase) {
      case VerificationPhase.Unsent:
      case VerificationPhase.Requested:
        if (request.accepting) this.#go({ at: 'working' });
        break;
      case VerificationPhase.Ready:
        if (!this.#chosen && !this.#preparing) void this.#prepare();
        break;
      case VerificationPhase.Started:
        if (request.verifier) this.#follow(request.verifier);
        break;
      case VerificationPhase.Done:
        this.#go({ at: 'done' });
        this.#over();
        break;
      case VerificationPhase.Cancelled:
        this.#end(ENDS[request.cancellationCode ?? ''] ?? 'failed');
        break;
    }
  };

  async #prepare(): Promise<void> {
    this.#preparing = true;
    const request = this.#request;
    const theyScan = request.otherPartySupportsMethod(METHOD.scan);
    const qr = theyScan ? await request.generateQRCode().catch(() => undefined) : undefined;
    if (this.#chosen || request.phase !== VerificationPhase.Ready) return;
    this.#go({
      at: 'choose',
      qr,
      scan: request.otherPartySupportsMethod(METHOD.show),
      emoji: request.otherPartySupportsMethod(METHOD.sas),
    });
  }

  #follow(verifier: Verifier): void {
    if (verifier !== this.#verifier) {
      this.#verifier = verifier;
      verifier.on(VerifierEvent.ShowSas, this.#showSas);
      verifier.verify().then(
        () => {
          this.#update();
          // The request says it a moment later.
          if (!this.over && this.#request.phase === VerificationPhase.Done) this.#go({ at: 'done' });
        },
        () => {
          this.#update();
        },
      );
    }
    if (this.#confirmed || this.over) return;
    const sas = verifier.getShowSasCallbacks();
    if (sas) this.#showSas(sas);
    else if (verifier.getReciprocateQrCodeCallbacks()) this.#go({ at: 'scanned' });
    else if (this.#request.chosenMethod === METHOD.reciprocate) this.#go({ at: 'confirmed' });
    else this.#go({ at: 'working' });
  }

  readonly #showSas = (sas: ShowSasCallbacks): void => {
    if (this.#confirmed || this.over) return;
    this.#sas = sas;
    this.#go({
      at: 'compare',
      emoji: (sas.sas.emoji ?? []).map(([symbol]) => symbol),
      numbers: sas.sas.decimal ?? [],
    });
  };

  #go(step: VerificationStep): void {
    if (step.at !== this.snapshot.step.at || step.at === 'choose' || step.at === 'compare')
      this.set({ step });
  }

  #end(why: VerificationEnd): void {
    if (this.over) return;
    this.#go({ at: 'ended', why });
    this.#over();
  }

  #over(): void {
    this.#request.off(VerificationRequestEvent.Change, this.#update);
    this.#verifier?.off(VerifierEvent.ShowSas, this.#showSas);
    this.#onEnd();
  }
}
