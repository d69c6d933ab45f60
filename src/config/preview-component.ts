import { z } from "zod";

/*
 * What a component of a preview is called, lies and runs. It becomes part of Kubernetes objects, so every text is held to the letters that its
 * place can take: no template but the known marks, no path out of the source.
 */

/** A DNS label that leaves room for the preview's own name before it. */
const COMPONENT = /^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$/;
const PATH = /^(?:\.|(?!-)[A-Za-z0-9._@+=,-]+(?:\/[A-Za-z0-9._@+=,-]+)*)$/;
/** https://github.com/distribution/reference/blob/main/reference.go, with a tag or a digest. */
const IMAGE =
  /^(?:[a-z0-9][a-z0-9.-]*(?::\d{1,5})?\/)?[a-z0-9][a-z0-9._-]*(?:\/[a-z0-9][a-z0-9._-]*)*(?:@sha256:[0-9a-f]{64}|:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})$/;
const IMAGE_NAME = /^[A-Za-z0-9][A-Za-z0-9._/:-]{0,254}$/;
const SHA_MARK = "{{head_sha}}";

export const path = z
  .string()
  .max(200)
  .regex(
    PATH,
    "a path goes down from the source's root, `deploy/web`: letters, digits and `._@+=,-`, no slash at its start or end",
  )
  .refine((text) => text === "." || !text.split("/").some((part) => part === "." || part === ".."), {
    error: "a path may not hold `.` or `..`",
  });

/** The marks of a template that are not among those known; `{` and `}` belong to nothing else. */
function unknownMarks(text: string, known: readonly string[]): boolean {
  let rest = text;
  for (const mark of known) rest = rest.replaceAll(mark, "");
  return /[{}]/.test(rest);
}

export const printable = (text: string): boolean => !/\p{C}/u.test(text);

const image = z
  .string()
  .max(500)
  .refine(
    (text) =>
      text.split(SHA_MARK).length === 2 &&
      !text.includes("@") &&
      text.lastIndexOf(":") < text.indexOf(SHA_MARK) &&
      IMAGE.test(text.replace(SHA_MARK, "0".repeat(40))),
    { error: "an image has the commit once, in its tag: `ghcr.io/acme/web:{{head_sha}}`" },
  );

export const jobImage = z
  .string()
  .max(500)
  .refine((text) => IMAGE.test(text.replace(SHA_MARK, "0".repeat(40))), {
    error: "an image has a tag or a digest: `ghcr.io/acme/seed:{{head_sha}}`",
  });

const helmValue = z
  .string()
  .max(1_000)
  .refine((text) => printable(text) && !unknownMarks(text, [SHA_MARK, "{{slug}}", "{{url}}"]), {
    error: "a parameter may hold `{{head_sha}}`, `{{slug}}` and `{{url}}`, and no other brace or control character",
  });

export const component = z.strictObject({
  name: z
    .string()
    .regex(COMPONENT, "a component's name is 1 to 20 letters in lower case, digits and dashes, such as `web`")
    .meta({ description: "Its name in the preview: 1 to 20 letters, digits and dashes." }),
  path: path.meta({ description: "Folder of its manifests (plain, Kustomize or Helm) in the source." }),
  image: image.optional().meta({
    description: "The image of this commit, `ghcr.io/acme/web:{{head_sha}}`. The preview waits until it is there.",
  }),
  image_name: z
    .string()
    .regex(IMAGE_NAME, "this is no image's name; it stands without a tag")
    .optional()
    .meta({ description: "How the manifests call the image, where that is not its own name without the tag." }),
  helm: z
    .record(
      z.string().regex(/^[A-Za-z0-9_.[\]-]{1,200}$/, "this is no name of a Helm parameter, such as `image.tag`"),
      helmValue,
    )
    .refine((all) => Object.keys(all).length <= 50, { error: "there may be 50 parameters at most" })
    .optional()
    .meta({ description: "Helm parameters; values may hold `{{head_sha}}`, `{{slug}}` and `{{url}}`." }),
});

const URL_MARKS = ["{{slug}}", "{{number}}", "{{component}}", "{{cluster}}"];

export function problemOfUrl(text: string): string | undefined {
  if (text.length > 500 || !printable(text) || /[\s\\`'"<>?#@]/.test(text) || unknownMarks(text, URL_MARKS))
    return `a URL may hold ${URL_MARKS.map((mark) => `\`${mark}\``).join(", ")}, and no user, query or fragment`;
  const host = /^https?:\/\/([^/:]+)(?::\d{1,5})?(?:\/.*)?$/.exec(text)?.[1] ?? "";
  const labels = URL_MARKS.reduce((rest, mark) => rest.replaceAll(mark, "x"), host).split(".");
  if (!URL.canParse(URL_MARKS.reduce((rest, mark) => rest.replaceAll(mark, "x"), text)) || labels.length < 2)
    return "this is no URL such as `https://{{slug}}.preview.acme.dev`";
  if (labels.some((label) => !/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(label)))
    return "the URL's host is a name in lower case";
  // Whoever shares a host with another preview could answer in its place.
  return /\{\{(?:slug|number)\}\}/.test(host) ? undefined : "the URL's host needs `{{slug}}` or `{{number}}`";
}
