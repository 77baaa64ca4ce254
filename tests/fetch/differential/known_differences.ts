/**
 * Where the objects of Mooring's differ from the platform's, and why: each a row of `docs/differences.md`. A test fails
 * on a difference that is not here, and on one that is here and is not found.
 */

/** Where the tests run. */
export type Runtime = "Node 20" | "Node 26" | "Deno" | "Bun";

/** What is set beside the platform's. */
export type Subject =
  | "request"
  | "chunked request"
  | "headers of a request"
  | "headers of a FastResponse"
  | "headers of a Response"
  | "FastResponse"
  | "Response"
  | "Response of @mooring/http/global"
  | "a sent Response"
  | "a sent FastResponse"
  | "a sent response of the platform's class";

/** Cases that tell something else. */
export interface Found {
  readonly subjects: readonly Subject[];
  readonly runtimes: readonly Runtime[];
  readonly cases: readonly string[];
}

/** One difference. */
export interface KnownDifference {
  /** What Mooring's do. */
  readonly what: string;
  /** Why, and what to do where the platform's way is needed. */
  readonly why: string;
  readonly found: readonly Found[];
}

const EVERYWHERE: readonly Runtime[] = ["Node 20", "Node 26", "Deno", "Bun"];
const BODIES: readonly Subject[] = ["request", "chunked request"];
const FAST: readonly Subject[] = ["FastResponse", "Response of @mooring/http/global"];
const RESPONSES: readonly Subject[] = ["Response", ...FAST];
const SENT: readonly Subject[] = [
  "a sent Response",
  "a sent FastResponse",
  "a sent response of the platform's class",
];

/** By design: what is cheap has its own class. */
const OBJECTS: readonly KnownDifference[] = [
  {
    what:
      "The prototype of a request, and of its headers, is a class of Mooring's that inherits from the platform's.",
    why:
      "They are made as far as they are looked at. `instanceof`, `constructor` and all members are as usual.",
    found: [
      { subjects: ["request"], runtimes: EVERYWHERE, cases: ["has the prototype of Request"] },
      {
        subjects: ["headers of a request"],
        runtimes: EVERYWHERE,
        cases: ["their prototype is that of Headers"],
      },
    ],
  },
  {
    what:
      "A member that is taken from the platform's prototype, such as `Request.prototype.text.call(request)`, " +
      "throws a `TypeError` on a request, its headers and a `FastResponse`.",
    why:
      "It looks for private state that only the platform's own objects have. Call the object's own member, or take " +
      "`info.nativeRequest()` or a `clone()`.",
    found: [
      {
        subjects: ["request", ...FAST],
        runtimes: EVERYWHERE,
        cases: ["takes the platform's getters", "takes the platform's methods"],
      },
      {
        subjects: ["headers of a request"],
        runtimes: EVERYWHERE,
        cases: [
          "Headers.prototype.get.call() takes them",
          "Headers.prototype.has.call() takes them",
          "Headers.prototype.set.call() takes them",
        ],
      },
    ],
  },
  {
    what: "`structuredClone()` of a request, its headers or a `FastResponse` gives an empty object.",
    why: "Only the platform can make it throw a `DataCloneError`.",
    found: [
      {
        subjects: ["request", ...FAST],
        runtimes: ["Node 26", "Bun"],
        cases: ["cannot be cloned structurally"],
      },
      {
        subjects: ["headers of a request"],
        runtimes: ["Node 26", "Bun"],
        cases: ["structuredClone() of them"],
      },
    ],
  },
  {
    what:
      "The getters of a request fail on a `Proxy` of it that does not bind, and on `Object.create(request)`.",
    why: "They use private fields, as the platform's own do on Node 26 and Bun.",
    found: [{
      subjects: ["request"],
      runtimes: ["Node 20", "Deno"],
      cases: ["fails through a Proxy that does not", "is a prototype whose getters fail"],
    }],
  },
];

/** A server gets what no client of the platform's could send. */
const REQUESTS: readonly KnownDifference[] = [
  {
    what: "`request.method` is the method as it was sent: `get` is not `GET`, and there is `TRACE`.",
    why:
      "Methods are case-sensitive (RFC 9110 §9.1). `new Request` makes some upper-case and refuses others.",
    found: [
      { subjects: ["request"], runtimes: EVERYWHERE, cases: ["the method get", "the method post"] },
      { subjects: ["request"], runtimes: ["Node 20", "Node 26", "Deno"], cases: ["the method TRACE"] },
      { subjects: ["request"], runtimes: ["Bun"], cases: ["the method patch", "the method x!"] },
    ],
  },
  {
    what: "A target with bytes beyond ASCII is refused with 400.",
    why: "RFC 9112 §3.2: clients escape them.",
    found: [{ subjects: ["request"], runtimes: EVERYWHERE, cases: ['the URL of "/gr\xc3\xbcn"'] }],
  },
  {
    what: "Lines of `Cookie` are joined with semicolons.",
    why: "A comma means nothing in a cookie (RFC 9113 §8.2.3). Node and Bun do the same.",
    found: [{
      subjects: ["headers of a request"],
      runtimes: ["Deno"],
      cases: ["lines of Cookie", "lines of Cookie, iterated and copied"],
    }],
  },
  {
    what: "`request.body` has no BYOB reader.",
    why: "It is no byte stream: a chunk of it is what came in one piece.",
    found: [{
      subjects: BODIES,
      runtimes: ["Node 20", "Node 26"],
      cases: ["the body: is read by a BYOB reader"],
    }],
  },
  {
    what: "`clone().blob()` of a request has no type.",
    why: "So it is on Bun where a body is a stream.",
    found: [{ subjects: BODIES, runtimes: ["Bun"], cases: ["the body: a clone is read as a Blob"] }],
  },
];

/** The Fetch standard, where the platform does otherwise. */
const STANDARD: readonly KnownDifference[] = [
  {
    what:
      "`bodyUsed` says that the stream of a body was read, whoever read it, and does not say so when it is only " +
      "locked.",
    why: "The Fetch standard. Deno forgets the former, Bun takes the latter for the former.",
    found: [
      {
        subjects: BODIES,
        runtimes: ["Deno"],
        cases: [
          "the body: goes into a response",
          "the body: the stream of a request with a clone is read",
          "the body: new Request() of another URL takes the body",
        ],
      },
      {
        subjects: BODIES,
        runtimes: ["Deno", "Bun"],
        cases: ["the body: new Request() of another URL takes the request"],
      },
      {
        subjects: BODIES,
        runtimes: ["Bun"],
        cases: [
          "the body: is not used by a reader that has not read",
          "the body: is not read when its stream is locked",
          "the body: is read when the lock was given up",
          "the body: clone() of what is locked",
        ],
      },
      {
        subjects: ["Response"],
        runtimes: ["Deno"],
        cases: ["a body of many bytes: its stream makes another"],
      },
      {
        subjects: ["Response"],
        runtimes: ["Bun"],
        cases: [
          "a body of many bytes: is not used by a reader that has not read",
          "a body of many bytes: is not read when its stream is locked",
          "a body of many bytes: is read when the lock was given up",
          "a body of many bytes: clone() of what is locked",
        ],
      },
    ],
  },
  {
    what: "`new Request()` of a request whose body was read, or is locked, throws a `TypeError`.",
    why: "The Fetch standard. Bun makes one with an empty body.",
    found: [{
      subjects: BODIES,
      runtimes: ["Bun"],
      cases: [
        "the body: is not read when some of it was",
        "the body: new Request() of what was read",
        "the body: new Request() of what is locked",
      ],
    }],
  },
  {
    what:
      "A text has the type `text/plain;charset=UTF-8`, and `Response.json()` the type `application/json`.",
    why:
      "The Fetch standard. Bun tells the former to its own server only, and adds a parameter to the latter.",
    found: [{ subjects: RESPONSES, runtimes: ["Bun"], cases: ["the types of text and JSON"] }],
  },
  {
    what:
      "`FastResponse` refuses what the Fetch standard refuses: the status 101, a body for 204, 205 and 304, a " +
      "`statusText` that cannot be sent.",
    why: "Deno takes 101, Bun all of it. For 101 there is `info.upgrade()`.",
    found: [
      { subjects: FAST, runtimes: ["Deno", "Bun"], cases: ["the status 101"] },
      {
        subjects: FAST,
        runtimes: ["Bun"],
        cases: [
          "a body for a status without one",
          "json() with a status without a body",
          "a statusText that cannot be",
        ],
      },
    ],
  },
];

/** More than the platform has, and less. */
const RESPONSE: readonly KnownDifference[] = [
  {
    what: "`FastResponse` takes an async iterable of text or bytes for a body.",
    why: "Node and Bun take one; Deno makes a text of it.",
    found: [{
      subjects: FAST,
      runtimes: ["Deno"],
      cases: ["text()", "json()", "arrayBuffer()", "bytes()", "blob()"]
        .map((read) => `a generator of text for a body: ${read}`),
    }],
  },
  {
    what:
      "The headers of a response that is made of a `Blob`, and of a clone's clone of many bytes, show no `content-length`.",
    why: "It is sent. Bun's own show it, and forget the type once the body is looked at.",
    found: [{
      subjects: RESPONSES,
      runtimes: ["Bun"],
      cases: [
        ...["a Blob", "a Blob without a type", "an empty Blob", "a File"].map((body) =>
          `${body} for a body: its headers`
        ),
        "a type of yours for each body",
        "a body of many bytes: clone() of a clone",
      ],
    }],
  },
  {
    what: "`JSON.stringify()` of a `FastResponse`'s headers has them in their order.",
    why: "Bun puts some first.",
    found: [{
      subjects: ["headers of a FastResponse"],
      runtimes: ["Bun"],
      cases: ["JSON.stringify() of them"],
    }],
  },
  {
    what: "`null` for the `statusText` of a `FastResponse` is the text `null`, as for the Fetch standard.",
    why: "Bun takes it for none.",
    found: [{ subjects: FAST, runtimes: ["Bun"], cases: ["null for statusText"] }],
  },
  {
    what: "`Response.json()` refuses an init that is no object.",
    why: "The Fetch standard. Bun takes a number for the status.",
    found: [{ subjects: RESPONSES, runtimes: ["Bun"], cases: ["json() with an init that is no object"] }],
  },
  {
    what: "`statusText` is not sent: clients get the phrase that is registered for the status.",
    why: "RFC 9112 §4: clients should ignore it.",
    found: [{ subjects: SENT, runtimes: EVERYWHERE, cases: ["its statusText"] }],
  },
  {
    what:
      "A response that the platform made itself tells no length to HEAD, and on Node 26 a `Blob` in it is chunked.",
    why: "Its size is known only to the platform. RFC 9110 §9.3.2 lets HEAD leave it out.",
    found: [
      {
        subjects: ["a sent response of the platform's class"],
        runtimes: EVERYWHERE,
        cases: ["text", "bytes", "an ArrayBuffer", "a DataView", "URLSearchParams"]
          .map((body) => `${body} to HEAD of HTTP/1.1 has its length`),
      },
      {
        subjects: ["a sent response of the platform's class"],
        runtimes: ["Node 20", "Node 26", "Deno"],
        cases: ["a Blob to HEAD of HTTP/1.1 has its length"],
      },
      {
        subjects: ["a sent response of the platform's class"],
        runtimes: ["Node 26"],
        cases: ["GET of HTTP/1.1", "POST of HTTP/1.1", "GET of HTTP/1.0"]
          .map((request) => `a Blob to ${request} has its length`),
      },
    ],
  },
];

/** All of them. */
export const knownDifferences: readonly KnownDifference[] = [
  ...OBJECTS,
  ...REQUESTS,
  ...STANDARD,
  ...RESPONSE,
];
