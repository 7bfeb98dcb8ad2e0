// The form where people sign in with a read key.
import { signIn } from "./api.js";
import { h } from "./dom.js";

export function showSignIn(main, { reason = "", opened }) {
  const problem = h("p", { class: "problem", role: "alert", id: "sign-in-problem", hidden: reason === "" }, reason);
  const field = (name, label, type, autocomplete) =>
    h("label", {}, label, h("input", { name, type, autocomplete, required: true, spellcheck: "false", autocapitalize: "none" }));
  const button = h("button", { type: "submit", class: "primary" }, "Sign in");
  const form = h(
    "form",
    { class: "sign-in", "aria-describedby": "sign-in-problem", onsubmit: (event) => submit(event) },
    h("h1", {}, "Sign in"),
    problem,
    field("clientId", "Client id", "text", "username"),
    field("clientSecret", "Client secret", "password", "current-password"),
    button,
    h(
      "p",
      { class: "detail" },
      "A read key of your project: ",
      h("code", {}, "eventlens client create --project PROJECT --type read"),
      ". On the machine that runs Event Lens, ",
      h("code", {}, "eventlens page"),
      " prints an address that signs you in.",
    ),
  );

  async function submit(event) {
    event.preventDefault();
    button.disabled = true;
    try {
      opened(await signIn(Object.fromEntries(new FormData(form))));
    } catch (error) {
      if (error.status === undefined) throw error;
      problem.textContent = error.message;
      problem.hidden = false;
      button.disabled = false;
      form.elements.clientSecret.select();
    }
  }

  main.replaceChildren(form);
  form.elements.clientId.focus();
}
