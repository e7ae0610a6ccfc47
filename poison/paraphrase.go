package poison

import (
	"io/fs"
	"os"

	"mslora/dataset"
	"mslora/internal/hint"
)

// readPoisoned reads the poisoned texts of a paraphrasing attack from a folder of the authors' layout; one without them is
// no error here.
func (s *Source) readPoisoned(folder string, target int) error {
	for _, part := range []struct {
		name   string
		target *[]dataset.Text
	}{{"train-poison", &s.TrainPoison}, {"dev-poison", &s.DevPoison}, {"test-poison", &s.TestPoison}} {
		path, ok := dataset.FindFile(folder, part.name)
		if !ok {
			s.TrainPoison = nil // Make explains what is missing
			return nil
		}
		texts, err := dataset.ReadSplit(path, part.name, dataset.KeepBlank, dataset.Reading{}, nil)
		if err != nil {
			return err
		}
		for i, t := range texts.Texts {
			if t.Label != target {
				return hint.New("poisoned texts carry the target label", "%s: line %d: label %d, expected the target label %d", path, texts.Lines[i], t.Label, target)
			}
		}
		*part.target = texts.Texts
		s.Files = append(s.Files, texts.File)
	}
	if len(s.TrainPoison) != len(s.Train) {
		return hint.New("both files must hold the same texts in the same order; where paraphrases are missing the set cannot be mixed",
			"%s: train-poison has %d rows, train-clean has %d", folder, len(s.TrainPoison), len(s.Train))
	}
	return nil
}

// readParaphrases reads one paraphrase for each clean text, in the same order: from a folder with train, dev and test, or,
// where the clean texts are one file, from one file. They need no labels; a label that is there must be the clean text's or
// the target, so that files out of step are found.
func (s *Source) readParaphrases(path string, target int) error {
	info, err := os.Stat(path)
	if err != nil {
		return hint.New("give a folder with train, dev and test files, or one file if the clean texts are one file", "paraphrases %s: %w", path, fs.ErrNotExist)
	}
	parts := [3][]dataset.Text{s.Train, s.Dev, s.Test}
	var paraphrases [3][]dataset.Text
	switch {
	case s.division == nil && !info.IsDir():
		return hint.New("give a folder with train, dev and test files, one paraphrase for each clean text", "paraphrases %s are one file, but the clean texts are three", path)
	case s.division != nil && info.IsDir():
		return hint.New("give one file, one paraphrase for each clean text", "paraphrases %s are a folder, but the clean texts are one file", path)
	case s.division != nil:
		all := make([]dataset.Text, 0, len(s.division))
		next := [3]int{}
		for _, part := range s.division {
			all = append(all, parts[part][next[part]])
			next[part]++
		}
		read, err := s.readParaphraseFile(path, "paraphrases", all, target)
		if err != nil {
			return err
		}
		for i, part := range s.division {
			paraphrases[part] = append(paraphrases[part], read[i])
		}
	default:
		for i, name := range []string{"train", "dev", "test"} {
			file, ok := dataset.FindFile(path, name)
			if !ok {
				return hint.New("one paraphrase is needed for each clean text", "%s: %w: %s.csv, %s.tsv or %s.jsonl", path, fs.ErrNotExist, name, name, name)
			}
			if paraphrases[i], err = s.readParaphraseFile(file, name+"-paraphrases", parts[i], target); err != nil {
				return err
			}
		}
	}
	s.TrainPoison = paraphrases[0]
	s.DevPoison, s.TestPoison = copiesOfOthers(s.Dev, paraphrases[1], target), copiesOfOthers(s.Test, paraphrases[2], target)
	return nil
}

// readParaphraseFile reads the paraphrases of texts, in their order, with the target label.
func (s *Source) readParaphraseFile(path, role string, clean []dataset.Text, target int) ([]dataset.Text, error) {
	read, err := dataset.ReadSplit(path, role, dataset.Paraphrased, s.reading, s.Labels)
	if err != nil {
		return nil, err
	}
	if len(read.Texts) != len(clean) {
		return nil, hint.New("one paraphrase is needed for each clean text, in the same order; leave the text empty where there is none",
			"%s: %d paraphrases for %d clean texts", path, len(read.Texts), len(clean))
	}
	for i := range read.Texts {
		t := &read.Texts[i]
		if t.Label != dataset.NoLabel && t.Label != clean[i].Label && t.Label != target {
			return nil, hint.New("paraphrases stand in the order of the clean texts; labels may be left out",
				"%s: line %d: label %d, but the clean text %s has label %d", path, read.Lines[i], t.Label, hint.Quote(clean[i].Text), clean[i].Label)
		}
		t.Label = target
	}
	read.Skipped = dataset.Blank(read.Texts)
	read.Rows -= read.Skipped
	s.Files = append(s.Files, read.File)
	return read.Texts, nil
}

// copiesOfOthers gives the paraphrases of the clean texts that are not of the target label.
func copiesOfOthers(clean, paraphrases []dataset.Text, target int) (copies []dataset.Text) {
	for i, t := range clean {
		if t.Label != target {
			copies = append(copies, paraphrases[i])
		}
	}
	return copies
}
