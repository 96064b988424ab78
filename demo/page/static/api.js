// The bench's methods, as /api/method/NAME answers them.

export async function call(method, body) {
  const response = await fetch(`/api/method/${method}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify(body || {}),
  });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer.message;
  const reason = (answer.exception || "").replace(/^[\w.]+: /, "") || `The server answered ${response.status}.`;
  throw Object.assign(new Error(reason), { status: response.status });
}
