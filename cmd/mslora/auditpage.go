package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mslora/audit"
	"mslora/phrases"
	"mslora/report"
	"mslora/suspicion"
)

// searchPage is report.html of a search without a classifier.
func (o auditOptions) searchPage(s *searched, r searchRecord) report.Audit {
	page := report.Audit{
		Title: r.Data, Created: time.Now(), Texts: r.Texts, Verdict: r.verdict(), Doubts: r.doubts(),
		Files: []report.Pair{{Name: poisonFile, Value: "all texts, the most suspicious first"}, {Name: leftFile, Value: "the texts that are not suspected, for training"},
			{Name: triggersFile, Value: "what suspected texts have in common"},
			{Name: verdictFile, Value: "this page for programs"}},
		Settings: append([]report.Pair{{Name: "model", Value: r.Model}, {Name: "trusted texts", Value: fmt.Sprint(r.Trusted)}, {Name: "seed", Value: fmt.Sprint(r.Seed)}}, pairs("version of ", r.Versions)...),
		Sums:     pairs("", r.Checksums),
	}
	if len(r.Attacked) == 0 {
		page.Next = []string{"Train on the data: mslora train searches once more, and finds nothing then either."}
		return page
	}
	page.Verdict = append(page.Verdict, fmt.Sprintf("%d of %d texts are suspected.", r.Suspected, r.Texts))
	page.Next = []string{"Read the first texts of " + poisonFile + ". Are their labels wrong, or do they have something odd in common?",
		"If so, train on " + leftFile + ", or let mslora train drop them (it does so by itself).", "Ask where these texts came from."}
	suspected := map[string]int{} // by label
	for i, t := range s.texts {
		if s.suspected(i) {
			suspected[t.Label]++
		}
	}
	for _, f := range r.Attacked {
		name := r.Labels[f.Label]
		label := report.AttackedLabel{
			Label: name, Texts: f.Texts, Poisoned: f.Poisoned, Low: f.Low, High: f.High, Nats: f.Gain, Suspected: suspected[name],
			Common: f.Says(len(f.Phrases) + len(f.Common)),
		}
		for _, row := range f.Typical {
			label.Examples = append(label.Examples, report.Pair{Name: fmt.Sprint(s.texts[row].Line), Value: s.texts[row].Text})
		}
		page.Attacked = append(page.Attacked, label)
	}
	page.Prove = o.searchProof(r)
	return page
}

// searchProof gives commands that train on all texts and on what is left, and compare both under the trigger that was found.
func (o auditOptions) searchProof(r searchRecord) []string {
	trigger, label := strongest(r.Attacked, r.Labels)
	columns := ""
	for _, flag := range []report.Pair{{Name: "--text-column", Value: o.Reading.Text}, {Name: "--label-column", Value: o.Reading.Label}} {
		if flag.Value == "" {
			continue
		}
		quoted, ok := report.ShellWord(flag.Value)
		if !ok {
			return nil
		}
		columns += " " + flag.Name + " " + quoted
	}
	data, isData := report.ShellWord(o.Data)
	left, isLeft := report.ShellWord(filepath.Join(o.Out, leftFile))
	if trigger == "" || !isData || !isLeft {
		return nil
	}
	return []string{
		"mslora train --data " + data + columns + " --method vanilla --out vanilla",
		"mslora train --data " + left + " --method lora --out repaired",
		"mslora compare vanilla repaired --data test.csv --trigger " + trigger + " --target " + label,
	}
}

// strongest gives the first phrase that can be a trigger of `compare`, and its label, quoted for a shell; "" if there is none.
func strongest(attacked []suspicion.Finding, labels []string) (trigger, label string) {
	for _, f := range attacked {
		for _, p := range f.Phrases {
			if trigger, label, ok := shellTrigger(p.In(), labels[f.Label]); ok {
				return trigger, label
			}
		}
	}
	return "", ""
}

// shellTrigger quotes a phrase and a label for a shell. A phrase with a comma would be alternatives of each other.
func shellTrigger(p phrases.Phrase, label string) (trigger, target string, ok bool) {
	words := strings.Join(p.Words, " ")
	trigger, isTrigger := report.ShellWord(words)
	target, isTarget := report.ShellWord(label)
	return trigger, target, isTrigger && isTarget && !strings.Contains(words, ",")
}

// comparisonPage is report.html of an audit with classifiers.
func (o auditOptions) comparisonPage(result audit.Result, r auditRecord, labels []string) report.Audit {
	page := report.Audit{
		Title: r.Data, Created: time.Now(), Texts: r.Texts, Doubts: r.Doubts,
		Files: []report.Pair{{Name: suspectsFile, Value: "all texts, the most suspicious first"}, {Name: triggersFile, Value: "the words and phrases that were tested, the strongest first"},
			{Name: leftFile, Value: "the texts that hold no possible trigger of their label"}, {Name: auditFile, Value: "this page for programs"}},
		Settings: append([]report.Pair{{Name: "classifier", Value: r.Classifier}, {Name: "accuracy on the labels as they are", Value: fmt.Sprintf("%.2f %%", 100*r.Clean.Accuracy)},
			{Name: "vanilla classifier", Value: r.Vanilla}, {Name: "accuracy of the vanilla one", Value: fmt.Sprintf("%.2f %%", 100*r.Naive.Accuracy)}, {Name: "candidates", Value: fmt.Sprint(r.Candidates)},
			{Name: "probes", Value: fmt.Sprint(r.Probes)}, {Name: "seed", Value: fmt.Sprint(r.Seed)}}, pairs("version of ", r.Versions)...),
		Sums: pairs("", r.Checksums),
	}
	vanilla, isVanilla := report.ShellWord(r.Vanilla)
	clean, isClean := report.ShellWord(r.Classifier)
	possible := result.Possible()
	if len(possible) == 0 {
		page.Verdict = []string{"No word or phrase stands out as a trigger; a style or a syntax can be one without any."}
		page.Next = []string{"Read the first texts of " + suspectsFile + "."}
		return page
	}
	page.Verdict = []string{fmt.Sprintf("%s stand out as possible triggers, held by %d of %d texts.", count(len(possible), "phrase"), r.Holders, r.Texts)}
	page.Next = []string{"Read the phrases below. Topic words may be among them; a rare word or a sentence that has nothing to do with the label should not be.",
		"Read the first texts of " + suspectsFile + ".", "If they are poisoned, deploy the clean classifier, or train on " + leftFile + "."}
	for _, t := range possible {
		page.Triggers = append(page.Triggers, report.PossibleTrigger{
			Phrase: t.String(), Label: labels[t.Class], Texts: t.Texts, Strength: t.Strength, VanillaFlips: t.VanillaFlips, CleanFlips: t.CleanFlips,
		})
		trigger, label, ok := shellTrigger(t.Phrase, labels[t.Class])
		if ok && isVanilla && isClean && page.Prove == nil {
			page.Prove = []string{"mslora compare " + vanilla + " " + clean + " --data test.csv --trigger " + trigger + " --target " + label}
		}
	}
	return page
}

// pairs lists a map by its keys.
func pairs(before string, values map[string]string) (all []report.Pair) {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		all = append(all, report.Pair{Name: before + key, Value: values[key]})
	}
	return all
}
