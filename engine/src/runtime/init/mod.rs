//! The child's side of a launch: performs the steps one by one, then becomes the program.
