/** The diagrams of docs/generated/processes.md, as states and transitions: what the tests recorded of each process, built in with the console. */
import document from '../../../../../docs/generated/processes.md?raw';

/** `on` has the input, and after the slash what is requested; state '' is where an instance begins. */
export type Transition = Readonly<{ from: string; to: string; on: string }>;
export type Diagram = Readonly<{ states: readonly string[]; transitions: readonly Transition[] }>;

function diagramIn(text: string): Diagram {
  const names = new Map([['[*]', '']]);
  for (const [, label, name] of text.matchAll(/^ {2}state "(.+)" as (\w+)$/gm)) names.set(name!, label!);
  const transitions = [...text.matchAll(/^ {2}(\S+) --> (\S+): (.+)$/gm)].map(([, from, to, on]) => ({
    from: names.get(from!) ?? from!,
    to: names.get(to!) ?? to!,
    on: on!,
  }));
  return { states: [...names.values()], transitions };
}

const diagrams: ReadonlyMap<string, Diagram> = new Map(
  [...document.matchAll(/^## (\S+)$[\s\S]*?^```mermaid$([\s\S]*?)^```$/gm)].map(([, process, text]) => [process!, diagramIn(text!)]),
);

export const processNames: readonly string[] = [...diagrams.keys()].sort();
export const diagramOf = (process: string): Diagram | undefined => diagrams.get(process);
