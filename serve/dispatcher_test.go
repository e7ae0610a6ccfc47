package serve

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// lengths answers with the length of each text, and fails where one is "bad".
func lengths(_ context.Context, texts []string) ([][]float64, error) {
	answers := make([][]float64, len(texts))
	for i, text := range texts {
		if text == "bad" {
			return nil, fmt.Errorf("%q has no class", text)
		}
		answers[i] = []float64{float64(len(text))}
	}
	return answers, nil
}

// slow takes a second for each batch, of which it keeps the sizes.
type slow struct{ batches []int }

func (s *slow) predict(ctx context.Context, texts []string) ([][]float64, error) {
	s.batches = append(s.batches, len(texts))
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return lengths(ctx, texts)
}

func closeNow(t *testing.T, d *Dispatcher) {
	t.Helper()
	if err := d.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestDispatcherAnswersEachCaller(t *testing.T) {
	d := NewDispatcher(lengths, 1000)
	var callers sync.WaitGroup
	for caller := range 100 {
		callers.Go(func() {
			texts := []string{strings.Repeat("a", caller), strings.Repeat("b", 2*caller)}
			answers, err := d.Do(context.Background(), texts)
			if err != nil || answers[0][0] != float64(caller) || answers[1][0] != float64(2*caller) {
				t.Errorf("caller %d: %v, %v", caller, answers, err)
			}
		})
	}
	callers.Wait()
	closeNow(t, d)
	if _, err := d.Do(context.Background(), []string{"late"}); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestDispatcherBatchesWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{}
		d := NewDispatcher(s.predict, 1000)
		var callers sync.WaitGroup
		ask := func(texts int) {
			callers.Go(func() {
				if _, err := d.Do(context.Background(), make([]string, texts)); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		ask(1)   // runs at once
		ask(3)   // these wait for it
		ask(100) // and this does not fit in one batch with them
		callers.Wait()
		closeNow(t, d)
		if want := []int{1, 64, 39}; !slices.Equal(s.batches, want) {
			t.Errorf("batches of %v, want %v", s.batches, want)
		}
	})
}

func TestDispatcherRefusesWhenFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{}
		d := NewDispatcher(s.predict, 5)
		go d.Do(context.Background(), []string{"computing"})
		synctest.Wait()
		go d.Do(context.Background(), make([]string, 4))
		synctest.Wait()
		if _, err := d.Do(context.Background(), make([]string, 2)); !errors.Is(err, ErrFull) {
			t.Errorf("two more of five: %v", err)
		}
		if _, err := d.Do(context.Background(), make([]string, 1)); err != nil {
			t.Errorf("one more of five: %v", err)
		}
		closeNow(t, d)
	})
}

func TestDispatcherForgetsWhoLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{}
		d := NewDispatcher(s.predict, 10)
		var callers sync.WaitGroup
		callers.Go(func() {
			if _, err := d.Do(context.Background(), []string{"computing"}); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		ctx, leave := context.WithCancel(context.Background())
		callers.Go(func() {
			if _, err := d.Do(ctx, make([]string, 6)); !errors.Is(err, context.Canceled) {
				t.Errorf("who left: %v", err)
			}
		})
		synctest.Wait()
		callers.Go(func() {
			if answers, err := d.Do(context.Background(), []string{"stay"}); err != nil || answers[0][0] != 4 {
				t.Errorf("who stayed: %v, %v", answers, err)
			}
		})
		synctest.Wait()
		leave()
		synctest.Wait()
		if n := d.Waiting(); n != 1 {
			t.Errorf("%d texts wait, want 1", n)
		}
		callers.Wait()
		closeNow(t, d)
		if want := []int{1, 1}; !slices.Equal(s.batches, want) {
			t.Errorf("batches of %v, want %v", s.batches, want)
		}
	})
}

// An error belongs to the caller whose text it names.
func TestDispatcherErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := make(chan struct{})
		d := NewDispatcher(func(ctx context.Context, texts []string) ([][]float64, error) {
			<-first
			return lengths(ctx, texts)
		}, 10)
		var failed atomic.Int32
		var callers sync.WaitGroup
		for _, text := range []string{"good", "bad", "fine"} {
			callers.Go(func() {
				answers, err := d.Do(context.Background(), []string{text})
				if err != nil {
					failed.Add(1)
				}
				if (err != nil) != (text == "bad") || err == nil && answers[0][0] != 4 {
					t.Errorf("%q: %v, %v", text, answers, err)
				}
			})
		}
		synctest.Wait()
		close(first)
		callers.Wait()
		closeNow(t, d)
		if failed.Load() != 1 {
			t.Errorf("%d callers got an error", failed.Load())
		}
	})
}

func TestDispatcherCloses(t *testing.T) {
	for _, test := range []struct {
		name     string
		patience time.Duration
		want     error // of the caller who waits
	}{{"finishing what was accepted", time.Minute, nil}, {"giving up", time.Second / 2, context.Canceled}} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &slow{}
				d := NewDispatcher(s.predict, 1000)
				answered := make(chan error, 1)
				go func() {
					_, err := d.Do(context.Background(), make([]string, 200))
					answered <- err
				}()
				synctest.Wait()
				ctx, cancel := context.WithTimeout(context.Background(), test.patience)
				defer cancel()
				if err := d.Close(ctx); (err != nil) != (test.want != nil) {
					t.Errorf("Close: %v", err)
				}
				if err := <-answered; !errors.Is(err, test.want) {
					t.Errorf("the caller got %v, want %v", err, test.want)
				}
			})
		})
	}
}
