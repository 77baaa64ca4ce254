/**
 * A base class whose constructor returns its argument: subclasses add private fields to that object. So a response
 * carries what is tracked of it, without a `WeakMap`.
 */
export const ReturnOverride: new (object: object) => object = function (object: object): object {
  return object;
} as unknown as new (object: object) => object;
