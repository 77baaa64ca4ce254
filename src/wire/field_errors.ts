/** What is thrown where a user gives a field that cannot travel, whatever the HTTP version. */

/** The error for a name that is no token (RFC 9110 §5.1). */
export function fieldNameError(name: string): TypeError {
  if (name.length === 0) return new TypeError("a header name must not be empty");
  return new TypeError(`${JSON.stringify(name)} is no header name: it must be a token (RFC 9110 §5.1)`);
}

/** The error for a value whose character at `at` no field value may have (RFC 9110 §5.5). */
export function fieldValueError(name: string, value: string, at: number): TypeError {
  return new TypeError(
    `the value of header ${JSON.stringify(name)} holds a character that cannot travel: ${
      JSON.stringify(value[at])
    } at ${at} (RFC 9110 §5.5)`,
  );
}
