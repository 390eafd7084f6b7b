/**
 * The page that a server without an app's own HTTP shows.
 *
 * @module
 */

/** 404. */
export const NOT_FOUND_PAGE: {
  /** The header. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  /** The page. */
  readonly body: string;
} = {
  headers: [['Content-Type', 'text/html; charset=utf-8']],
  body: `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>404 Not Found</title>
<style>:root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;margin:15vh auto;max-width:32rem;padding:0 1rem}</style>
<h1>404 Not Found</h1>
<p>There is no page here. This server speaks WebSocket on the same port.</p>
</html>
`,
};
