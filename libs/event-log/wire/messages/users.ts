// Hides: the field numbers of event_store.client.users. Promises: the same bytes as the official clients'. Does not: decide anything.

import { bool, int64, message, nested, repeated, text } from '../message';

const withOptions = <T>(options: Parameters<typeof nested<T>>[1]) => message({ options: nested(1, options) });

export const CreateRequest = withOptions(message({ loginName: text(1), password: text(2), fullName: text(3), groups: repeated(text(4)) }));
/** The protocol has a password here, too; the original ignores it. */
export const UpdateRequest = withOptions(message({ loginName: text(1), fullName: text(3), groups: repeated(text(4)) }));
/** Delete, Enable, Disable and Details name only a user. */
export const NamedRequest = withOptions(message({ loginName: text(1) }));
export const ChangePasswordRequest = withOptions(message({ loginName: text(1), currentPassword: text(2), newPassword: text(3) }));
export const ResetPasswordRequest = withOptions(message({ loginName: text(1), newPassword: text(2) }));

export const DetailsResponse = message({
  userDetails: nested(
    1,
    message({
      loginName: text(1),
      fullName: text(2),
      groups: repeated(text(3)),
      lastUpdated: nested(4, message({ ticksSinceEpoch: int64(1) })),
      disabled: bool(5),
    }),
  ),
});
