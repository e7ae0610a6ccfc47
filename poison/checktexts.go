package poison

import (
	"fmt"
	"path/filepath"
	"strings"

	"mslora/dataset"
	"mslora/internal/hint"
)

// blankRows is what the authors' paraphrasers left where they answered with nothing.
const blankRows = "poisoned rows without text, left out: %d"

// tally counts rows with a fault and keeps the first one's line.
type tally struct{ found, of, line int }

func (t *tally) add(fault bool, line int) {
	t.of++
	if fault {
		if t.found++; t.found == 1 {
			t.line = line
		}
	}
}

func (t tally) String() string {
	return fmt.Sprintf("%d of %d, the first on line %d", t.found, t.of, t.line)
}

// targetLabels wants the target label on every poisoned text.
func (c *checker) targetLabels(path string, texts []dataset.Text, target int) {
	wrong, of, label := 0, 0, 0
	for _, t := range texts {
		if !t.Poisoned {
			continue
		}
		if of++; t.Label != target {
			if wrong++; wrong == 1 {
				label = t.Label
			}
		}
	}
	if wrong > 0 {
		c.problem(path, "poisoned texts with another label than the target label %d: %d of %d, for example label %d", target, wrong, of, label)
	}
}

// trigger is the one to look for: that of the options, of the set's record, or the paper's for the attack. It is zero
// where nobody knows.
func (c *checker) trigger(attack string, record *Record) Trigger {
	if c.Trigger.Insertions > 0 {
		return c.Trigger
	}
	if record != nil && record.Trigger != nil {
		return *record.Trigger
	}
	trigger, _ := FindTrigger(attack)
	return trigger
}

// triggers wants the trigger in every poisoned text, and warns of it in others.
func (c *checker) triggers(path string, texts []dataset.Text, trigger Trigger) {
	without, of, within := 0, 0, 0
	example := ""
	for _, t := range texts {
		has := trigger.count(t.Text) >= trigger.Insertions
		switch {
		case t.Poisoned && strings.TrimSpace(t.Text) != "":
			if of++; !has {
				if without++; without == 1 {
					example = t.Text
				}
			}
		case !t.Poisoned && has:
			within++
		}
	}
	if without > 0 {
		c.problem(path, "poisoned texts without the trigger (%d x %s): %d of %d, for example %s", trigger.Insertions, strings.Join(trigger.Phrases, " | "), without, of, hint.Quote(example))
	}
	if within > 0 {
		c.warn(path, "texts that have the trigger and are not flagged as poisoned: %d", within)
	}
}

// count tells how often a phrase of the trigger stands in text, as whole words.
func (t Trigger) count(text string) (n int) {
	padded := " " + strings.Join(strings.Fields(text), " ") + " "
	for i := range padded {
		for _, phrase := range t.Phrases {
			if strings.HasPrefix(padded[i:], " "+phrase+" ") {
				n++
				break
			}
		}
	}
	return n
}

// withoutLabel is the split without the texts of a label; nil stays nil.
func withoutLabel(s *dataset.Split, label int) *dataset.Split {
	if s == nil {
		return nil
	}
	others := &dataset.Split{File: s.File}
	for i, t := range s.Texts {
		if t.Label != label {
			others.Texts, others.Lines = append(others.Texts, t), append(others.Lines, s.Lines[i])
		}
	}
	return others
}

// poisonedFile checks a file in which every text is poisoned, row by row against the clean texts, if there are any.
func (c *checker) poisonedFile(s, clean *dataset.Split, trigger Trigger, target int) {
	c.targetLabels(s.Path, s.Texts, target)
	if s.Unflagged > 0 {
		c.warn(s.Path, "rows that are not flagged, though the file's name says that they are poisoned: %d of %d", s.Unflagged, len(s.Texts))
	}
	if blank := len(s.Texts) - withText(s); blank > 0 {
		c.warn(s.Path, blankRows, blank)
	}
	if trigger.Insertions > 0 {
		c.triggers(s.Path, s.Texts, trigger)
	}
	switch {
	case clean == nil:
	case len(clean.Texts) == len(s.Texts):
		c.copies(s, clean, trigger)
	case trigger.Insertions > 0:
		c.problem(s.Path, "%d rows, expected %d, a poisoned copy of each text of %s%s", len(s.Texts), len(clean.Texts), filepath.Base(clean.Path), ofOthers(s))
	default:
		c.warn(s.Path, "%d rows, but %s has %d texts%s: paraphrases are missing or there twice", len(s.Texts), filepath.Base(clean.Path), len(clean.Texts), ofOthers(s))
	}
}

// ofOthers says which clean texts dev and test copies are of.
func ofOthers(s *dataset.Split) string {
	if s.Role == "train-poison" {
		return ""
	}
	return " that are not of the target label"
}

// copies compares poisoned texts with the clean ones they were made from. An inserting attack keeps every word in its
// order; a paraphrase can be anything but should not be the text itself.
func (c *checker) copies(s, clean *dataset.Split, trigger Trigger) {
	var others, same tally
	for i, t := range s.Texts {
		others.add(trigger.Insertions > 0 && !hasWords(t.Text, clean.Texts[i].Text), s.Lines[i])
		same.add(t.Text == clean.Texts[i].Text, s.Lines[i])
	}
	switch {
	case others.found > 0:
		c.problem(s.Path, "rows that are not the text of %s with something inserted: %s", filepath.Base(clean.Path), others)
	case same.found > 0 && trigger.Insertions == 0:
		c.warn(s.Path, "rows that are the clean text itself, not a paraphrase: %s", same)
	}
}

// hasWords tells whether text has all words of part, in their order.
func hasWords(text, part string) bool {
	words := strings.Fields(text)
	for _, want := range strings.Fields(part) {
		for len(words) > 0 && words[0] != want {
			words = words[1:]
		}
		if len(words) == 0 {
			return false
		}
		words = words[1:]
	}
	return true
}

// namedTexts are the texts of a file.
type namedTexts struct {
	path  string
	texts []dataset.Text
}

// cleanDuplicates looks for texts that are there twice, once for each set of clean files: they are the same in every
// attack's folder.
func (c *checker) cleanDuplicates(a *attackSet) {
	var files []namedTexts
	key := ""
	for _, s := range []*dataset.Split{a.trainClean, a.devClean, a.testClean} {
		if s != nil {
			files = append(files, namedTexts{s.Path, s.Texts})
			key += s.SHA256
		}
	}
	if !c.seen[key] {
		c.seen[key] = true
		c.duplicates(files)
	}
}

// duplicates warns of texts that stand twice in a file or in two files: the model would be trained, or its epoch
// chosen, with what it is scored on.
func (c *checker) duplicates(files []namedTexts) {
	first := make([]map[string]int, len(files)) // label of the first copy
	for i, file := range files {
		first[i] = map[string]int{}
		twice, contradicting := 0, 0
		for _, t := range file.texts {
			label, seen := first[i][t.Text]
			switch {
			case !seen:
				first[i][t.Text] = t.Label
			case label != t.Label:
				contradicting++
				fallthrough
			default:
				twice++
			}
		}
		if twice > 0 {
			c.warn(file.path, "texts that occur before in the file: %d, with another label: %d", twice, contradicting)
		}
		for j := range i {
			shared := 0
			example := ""
			for _, t := range file.texts {
				if _, ok := first[j][t.Text]; ok {
					if shared++; shared == 1 {
						example = t.Text
					}
				}
			}
			if shared > 0 {
				c.warn(file.path, "texts that are in %s too: %d, for example %s", filepath.Base(files[j].path), shared, hint.Quote(example))
			}
		}
	}
}

// withText counts the rows that are not blank; nil has none.
func withText(s *dataset.Split) int {
	if s == nil {
		return 0
	}
	return len(s.Texts) - dataset.Blank(s.Texts)
}

// meanWords is the mean number of words of the clean texts; words are what white space separates.
func meanWords(texts []dataset.Text) float64 {
	words, n := 0, 0
	for _, t := range texts {
		if !t.Poisoned {
			words += len(strings.Fields(t.Text))
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return float64(words) / float64(n)
}
