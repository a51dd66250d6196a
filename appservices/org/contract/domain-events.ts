import { Type } from 'typebox';

/** What org tells other domains after commit; ids only. */
export const orgEvents = {
  'org.person.joined': Type.Object({ person_id: Type.String(), user_id: Type.String() }),
  'org.person.activated': Type.Object({ person_id: Type.String(), user_id: Type.String() }),
  /** A device with end-to-end keys was seen for the first time: from here on the person can read. */
  'org.person.ready': Type.Object({ person_id: Type.String(), user_id: Type.String() }),
  'org.person.moved': Type.Object({ person_id: Type.String(), user_id: Type.String() }),
  'org.person.suspended': Type.Object({ person_id: Type.String(), user_id: Type.String() }),
  'org.person.left': Type.Object({ person_id: Type.String(), user_id: Type.String() }),
  'org.person.returned': Type.Object({ person_id: Type.String(), user_id: Type.String() }),
  /** Somebody has forgotten the password and needs an administrator: one of these; once for each such time. */
  'org.person.password_asked': Type.Object({
    request_id: Type.String(),
    person_id: Type.String(),
    administrators: Type.Array(Type.String()),
  }),
  'org.department.changed': Type.Object({ department_id: Type.String() }),
} as const;
