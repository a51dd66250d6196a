/** Whether others see what this person has read: kept in this browser. */
const SETTING = 'qiao.private-receipts';

/** Whether receipts go to the person's own devices only (`m.read.private`). */
export const receiptsArePrivate = (): boolean => {
  try {
    return localStorage.getItem(SETTING) === 'yes';
  } catch {
    return false;
  }
};

export const setReceiptsPrivate = (isPrivate: boolean): void => {
  try {
    localStorage.setItem(SETTING, isPrivate ? 'yes' : 'no');
  } catch {
    // Without storage the default holds.
  }
};
