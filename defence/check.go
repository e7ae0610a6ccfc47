package defence

import "fmt"

// part is a purifier, an expert or a filter.
type part interface{ Name() string }

// checker is a part that can tell, by texts and hyperparameters alone, that it will not work with them. What it refuses is known before
// any training; its other methods rely on it.
type checker interface {
	Check(bench Bench) error
}

// Check refuses what a part of the method would not work with. Its bench needs no models. What is not known of it is not checked.
func (m Method) Check(bench Bench) error {
	bench.Train = unflagged(bench.Train)
	for _, p := range []part{m.Purifier, m.Expert, m.Filter} {
		if err := check(p, bench); err != nil {
			return err
		}
	}
	return nil
}

func check(p part, bench Bench) error {
	if c, is := p.(checker); is {
		if err := c.Check(bench); err != nil {
			return fmt.Errorf("%s: %w", p.Name(), err)
		}
	}
	return nil
}
