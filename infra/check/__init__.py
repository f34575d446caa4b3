"""Checks the Bicep templates as Azure would, where there is no compiler and no subscription.

lexer, parser, tree, scope                        a file, and which names are known where
names, kinds, parameters, modules, resources      what is wrong with what it says
types, shapes, oracle                             what Azure takes, from its own management clients
functions, deployment                             what the templates make, worked out
environments, policies, told, secrets             what must hold of that, and of what they are told
"""
