package spec

// Validate tells everything that is wrong with the plan, sorted by path. It is pure: it reads nothing but
// the stack, and contacts nobody.
func (s *Stack) Validate() Problems {
	return nil
}

// ValidateProject tells what several stacks of one project may not share.
func ValidateProject(stacks []*Stack) Problems {
	return nil
}
