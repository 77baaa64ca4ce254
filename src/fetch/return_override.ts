/**
 * A constructor that returns its argument: the fields of a class that extends it are put on that object. So a response
 * carries what is known of it, without a table of responses.
 */
export const Given: new (object: object) => object = function (object: object): object {
  return object;
} as unknown as new (object: object) => object;
